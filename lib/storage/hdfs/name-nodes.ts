import { OptionsError } from '../../errors.ts'
import { webHdfsRoot } from './url-path.ts'

/** Where WebHDFS is: a NameNode's HTTP, or an HttpFS server. */
export interface NameNode {
  /** `http://host:9870/webhdfs/v1`, without a slash at its end. */
  readonly base: string
  /** What it is called in messages. */
  readonly name: string
  /** The RPC address that was given instead. */
  readonly rpc?: string
}

const expected = 'hdfs://host:8020, webhdfs://host:9870 or http://host:9870, several separated by commas'
const schemes: Readonly<Record<string, { readonly http: string; readonly port?: string }>> = {
  'hdfs:': { http: 'http:' },
  'webhdfs:': { http: 'http:', port: '9870' },
  'swebhdfs:': { http: 'https:', port: '9871' },
  'http:': { http: 'http:' },
  'https:': { http: 'https:' }
}

/**
 * The servers that the option `namenode` names. An `hdfs://` address is that of the RPC, which speaks another protocol: the
 * same host is asked on `httpPort`. Throws `SPW_ERR_OPTIONS`.
 */
export function nameNodesIn(option: string, httpPort: number): NameNode[] {
  // No host has an @ in its name. It is looked for in the whole, as a password may have commas and slashes.
  if (option.includes('@')) {
    throw new OptionsError(
      'failover/namenode has a user or a password in it: give the name as user, a delegation token as token'
    )
  }
  return option.split(',').map(item => nameNodeIn(item.trim(), httpPort))
}

function nameNodeIn(text: string, httpPort: number): NameNode {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const scheme = url === undefined ? undefined : schemes[url.protocol]
  if (url === undefined || scheme === undefined || url.hostname === '') {
    throw new OptionsError(`failover/namenode must be ${expected}, got ${JSON.stringify(withoutQuery(text))}`)
  }
  if (!/^\/?$|^\/webhdfs\/v1\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new OptionsError(
      `failover/namenode must be an address without a path, got ${JSON.stringify(withoutQuery(text))}`
    )
  }
  const isRpc = url.protocol === 'hdfs:'
  const port = isRpc ? String(httpPort) : url.port || scheme.port
  const host = port === undefined ? url.hostname : `${url.hostname}:${port}`
  return { base: `${scheme.http}//${host}${webHdfsRoot}`, name: host, ...(isRpc ? { rpc: text } : {}) }
}

// There may be a delegation token in it.
const withoutQuery = (text: string): string => text.replace(/\?.*/s, '?…')
