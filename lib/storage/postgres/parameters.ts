import { OptionsError } from '../../errors.ts'
import { isTrue, namesIn, oneOfWords, type ParameterNames, type TlsMode } from '../sql/parameters.ts'

// What is encrypted only if the server happens to offer it protects from nobody who can alter the connection: taken as off.
const modes: Readonly<Record<string, TlsMode>> = {
  disable: 'off',
  allow: 'off',
  prefer: 'off',
  require: 'full',
  'verify-ca': 'chain',
  'verify-full': 'full',
  'no-verify': 'unchecked'
}

/** The parameters of `jdbc:postgresql:`. */
export const postgresParameters: ParameterNames = {
  meant: {
    user: (value, settings) => (settings.username = value),
    password: (value, settings) => (settings.password = value),
    ssl: (value, settings) => (settings.tls ??= isTrue('ssl', value) ? 'full' : 'off'),
    sslmode: (value, settings) => (settings.tls = oneOfWords('sslmode', value, modes)),
    sslfactory: (value, settings) => {
      if (value.endsWith('NonValidatingFactory')) settings.tls = 'unchecked'
    },
    sslrootcert: (value, settings) => (settings.ca = value),
    sslcert: (value, settings) => (settings.cert = value),
    sslkey: (value, settings) => (settings.key = value),
    currentschema: (value, settings) => (settings.schema = schemaOf(value)),
    applicationname: (value, settings) => (settings.applicationName = value),
    targetservertype: value =>
      oneOfWords('targetServerType', value, { any: 1, master: 1, primary: 1, preferprimary: 1 })
  },
  harmless: namesIn(`
    loginTimeout connectTimeout socketTimeout cancelSignalTimeout tcpKeepAlive tcpNoDelay sendBufferSize receiveBufferSize
    maxSendBufferSize prepareThreshold preparedStatementCacheQueries preparedStatementCacheSizeMiB databaseMetadataCacheFields
    databaseMetadataCacheFieldsMiB defaultRowFetchSize adaptiveFetch adaptiveFetchMinimum adaptiveFetchMaximum
    maxResultBuffer reWriteBatchedInserts stringtype binaryTransfer binaryTransferEnable binaryTransferDisable
    loadBalanceHosts hostRecheckSeconds autosave cleanupSavepoints logUnclosedConnections logServerErrorDetail loggerLevel
    loggerFile allowEncodingChanges charSet assumeMinServerVersion gssEncMode channelBinding sslNegotiation
    sslResponseTimeout sslhostnameverifier unknownLength disableColumnSanitiser escapeSyntaxCallMode preferQueryMode
    protocolVersion compatible readOnlyMode groupStartupParameters hideUnprivilegedObjects quoteReturningIdentifiers
    convertBooleanToNumeric includeColumnsInPK
  `)
}

// The first one of a search path is where tables are made.
function schemaOf(path: string): string {
  const [, schema] = /^\s*"?([A-Za-z_][A-Za-z0-9_$]{0,62})"?\s*(?:,|$)/.exec(path) ?? []
  if (schema === undefined)
    throw new OptionsError('failover/jdbcUrl: currentSchema must begin with the name of a schema')
  return schema
}
