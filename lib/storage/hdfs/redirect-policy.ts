import { HdfsError } from './hdfs-error.ts'

/** Where a NameNode may send us for the data. */
export interface RedirectPolicy {
  /** Names of hosts, `*.` at the front stands for any part of a name. Any host when it is not given. */
  readonly hosts?: readonly string[] | undefined
  /** Another address for a host and port, for tests that put a proxy between. */
  readonly route?: ((hostAndPort: string) => string) | undefined
}

// What cloud machines ask for their own secrets is there, and no DataNode ever is.
const linkLocal = /^(?:169\.254\.|\[fe[89ab][0-9a-f]:|\[::ffff:a9fe:)/

/**
 * The URL of the second step. A NameNode sends us to whichever DataNode has the data, so that any host is right unless
 * `hosts` says which. We add nothing to that URL: what it has of rights the NameNode has put there. It must be HTTP, and
 * HTTPS when the NameNode's is.
 */
export function followed(location: string, from: string, { hosts, route }: RedirectPolicy): URL {
  const url = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (url === undefined) throw refused('to something that is no URL')
  const isSecure = url.protocol === 'https:'
  if (!isSecure && (url.protocol !== 'http:' || from.startsWith('https:')))
    throw refused(`to ${url.protocol}//${url.host}`)
  const isAllowed = hosts === undefined ? !linkLocal.test(url.hostname) : hosts.some(host => isHost(host, url.hostname))
  if (!isAllowed) throw refused(`to the host ${url.hostname}, which failover/hosts does not allow`)
  if (route !== undefined) url.host = route(url.host)
  return url
}

function isHost(pattern: string, host: string): boolean {
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
}

const refused = (where: string): HdfsError =>
  new HdfsError(`The NameNode redirects ${where}: not followed.`, { retryable: false })
