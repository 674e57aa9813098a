import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import ts from 'typescript'

/** The public names of `spillway`, types marked as such. A name that is added or goes away is added or removed here. */
const index = [
  'Delivery',
  'DeliveryError',
  'FailoverWritable',
  'FileStorage',
  'HBaseStorage',
  'HdfsStorage',
  'HttpSink',
  'HttpWritable',
  'JournalTransform',
  'KafkaStorage',
  'MysqlStorage',
  'OptionsError',
  'PostgresStorage',
  'Replay',
  'RetryTransform',
  'SpillwayError',
  'StorageError',
  'StreamError',
  'diagnosticChannels',
  'envelopeOf',
  'errorCodes',
  'httpSink',
  'matching',
  'parseEnvelope',
  'recordsOf',
  'replay',
  'type DeliveryErrorCode',
  'type DeliveryErrorInfo',
  'type DeliveryInit',
  'type DeliveryRequest',
  'type Diagnostics',
  'type Entry',
  'type Envelope',
  'type ErrorCode',
  'type ErrorSummary',
  'type FailoverOptions',
  'type FailoverRules',
  'type FallbackOptions',
  'type FileStorageOptions',
  'type Filter',
  'type Format',
  'type FormatName',
  'type HBaseStorageOptions',
  'type HdfsStorageOptions',
  'type HeaderValue',
  'type Headers',
  'type HttpOptions',
  'type HttpSinkOptions',
  'type JournalOptions',
  'type JournalRules',
  'type KafkaSasl',
  'type KafkaStorageOptions',
  'type KafkaTls',
  'type LastingStorageOptions',
  'type Member',
  'type MysqlStorageOptions',
  'type NamedStorageOptions',
  'type Outcome',
  'type Phase',
  'type Place',
  'type PostgresStorageOptions',
  'type ReadOptions',
  'type ReplayOptions',
  'type ReplayRules',
  'type ReplayStats',
  'type RetryOptions',
  'type Semantics',
  'type Sender',
  'type SettleHook',
  'type Snapshot',
  'type Stats',
  'type StatusSet',
  'type Storage',
  'type StorageChoice',
  'type StorageErrorCode',
  'type StorageName',
  'type StorageOptions',
  'type StreamParkOptions',
  'type StoredOutcome',
  'type StoredRecord'
]

/** The public names of `spillway/testing`. */
const testing = ['storageContract', 'type ContractStorage', 'type StorageContractOptions']

describe('the package exports', () => {
  for (const [file, names] of [
    ['lib/index.ts', index],
    ['lib/testing.ts', testing]
  ] as const) {
    it(`exactly the names of ${file} that are listed here`, async () => {
      expect(await exportsOf(file)).to.deep.equal([...names].sort())
    })

    it(`values of ${file} that are there at run time`, async () => {
      const loaded = (await import(new URL(`../../${file}`, import.meta.url).href)) as object
      expect(Object.keys(loaded).sort()).to.deep.equal(names.filter(name => !name.startsWith('type ')).sort())
    })
  }
})

// Read from the syntax: types leave nothing behind at run time. `export *` names nothing, so it is an error.
async function exportsOf(file: string): Promise<string[]> {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  return statements.flatMap(namesOf).sort()
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, isTypeOnly } = statement
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) throw new Error('An export without a list')
    return exportClause.elements.map(({ isTypeOnly: own, name }) => (isTypeOnly || own ? 'type ' : '') + name.text)
  }
  const exported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  if (!exported) return []
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => (name as ts.Identifier).text)
  const type = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
  return [(type ? 'type ' : '') + ((statement as ts.DeclarationStatement).name as ts.Identifier).text]
}
