import { isTrue, namesIn, oneOfWords, type ParameterNames, type TlsMode } from '../sql/parameters.ts'

// Those of Connector/J, then those of MariaDB's driver. What is encrypted only if the server happens to offer it protects
// from nobody who can alter the connection, so it is taken as off.
const modes: Readonly<Record<string, TlsMode>> = {
  disabled: 'off',
  preferred: 'off',
  required: 'full',
  verify_ca: 'chain',
  verify_identity: 'full',
  disable: 'off',
  trust: 'unchecked',
  'verify-ca': 'chain',
  'verify-full': 'full'
}

/** The parameters of `jdbc:mysql:` and `jdbc:mariadb:`. */
export const mysqlParameters: ParameterNames = {
  meant: {
    user: (value, settings) => (settings.username = value),
    password: (value, settings) => (settings.password = value),
    sslmode: (value, settings) => (settings.tls = oneOfWords('sslMode', value, modes)),
    usessl: (value, settings) => (settings.tls ??= isTrue('useSSL', value) ? 'full' : 'off'),
    requiressl: (value, settings) => {
      if (isTrue('requireSSL', value) && (settings.tls ?? 'off') === 'off') settings.tls = 'full'
    },
    verifyservercertificate: (value, settings) => {
      if (!isTrue('verifyServerCertificate', value) && settings.tls !== 'off') settings.tls = 'unchecked'
    },
    trustservercertificate: (value, settings) => {
      if (isTrue('trustServerCertificate', value)) settings.tls = 'unchecked'
    },
    serversslcert: (value, settings) => (settings.ca = value)
  },
  harmless: namesIn(`
    useUnicode characterEncoding characterSetResults connectionCollation passwordCharacterEncoding autoReconnect
    autoReconnectForPools failOverReadOnly maxReconnects initialTimeout reconnectAtTxEnd roundRobinLoadBalance retriesAllDown
    secondsBeforeRetrySource queriesBeforeRetrySource rewriteBatchedStatements useServerPrepStmts cachePrepStmts
    prepStmtCacheSize prepStmtCacheSqlLimit cacheCallableStmts callableStmtCacheSize serverTimezone connectionTimeZone
    forceConnectionTimeZoneToSession preserveInstants useLegacyDatetimeCode useTimezone useJDBCCompliantTimezoneShift
    useGmtMillisForDatetimes noDatetimeStringSync sendFractionalSeconds treatUtilDateAsTimestamp zeroDateTimeBehavior
    yearIsDateType tinyInt1isBit transformedBitIsBoolean nullCatalogMeansCurrent nullNamePatternMatchesAll
    nullDatabaseMeansCurrent databaseTerm useCursorFetch defaultFetchSize useLocalSessionState useLocalTransactionState
    maintainTimeStats elideSetAutoCommits cacheResultSetMetadata metadataCacheSize cacheServerConfiguration
    alwaysSendSetIsolation connectTimeout socketTimeout tcpKeepAlive tcpNoDelay tcpRcvBuf tcpSndBuf useCompression
    allowPublicKeyRetrieval serverRSAPublicKeyFile allowMultiQueries allowLoadLocalInfile allowUrlInLocalInfile
    createDatabaseIfNotExist useInformationSchema noAccessToProcedureBodies useOldAliasMetadataBehavior useAffectedRows
    autoDeserialize autoGenerateTestcaseScript dumpQueriesOnException logger logSlowQueries slowQueryThresholdMillis
    profileSQL profilerEventHandler gatherPerfMetrics useUsageAdvisor useConfigs useReadAheadInput useUnbufferedInput
    useStreamLengthsInPrepStmts blobSendChunkSize netTimeoutForStreamingResults jdbcCompliantTruncation paranoid pedantic
    functionsNeverReturnBlobs emulateLocators emptyStringsConvertToZero allowNanAndInf continueBatchOnError
    dontTrackOpenResources includeInnodbStatusInDeadlockExceptions includeThreadDumpInDeadlockExceptions
    defaultAuthenticationPlugin authenticationPlugins disabledAuthenticationPlugins enabledTLSProtocols
    enabledSslProtocolSuites tlsVersions tlsCiphersuites permitMysqlScheme usePipelineAuth useBulkStmts useBatchMultiSend
    pool poolName minPoolSize maxPoolSize readOnlyPropagatesToServer connectionAttributes scrollTolerantForwardOnly
    maxQuerySizeToLog log useMysqlMetadata
  `)
}
