import { execFile } from 'node:child_process'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A Maven artifact, `group:artifact:version`, and what of its dependencies is left out, `group:artifact`. */
export interface Artifact {
  readonly coordinates: string
  readonly without?: readonly string[]
}

const cache = fileURLToPath(new URL('../../../.cache/servers/', import.meta.url))

/**
 * The folder with the jars of a server, from Maven Central by the user's Maven, fetched once. `name` must change with the
 * artifacts: 'kafka-4.4.0'.
 */
export async function jarsOf(name: string, artifacts: readonly Artifact[]): Promise<string> {
  const lib = `${cache}${name}/lib`
  if (await isThere(lib)) return lib
  // Built aside: a fetch that was interrupted must not look complete.
  const aside = `${cache}${name}.${process.pid}`
  await mkdir(aside, { recursive: true })
  await writeFile(`${aside}/pom.xml`, pomOf(name, artifacts))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${aside}/lib`]
  await promisify(execFile)('mvn', ['-B', '-q', '-f', `${aside}/pom.xml`, ...goal], { maxBuffer: 64 * 1024 * 1024 })
  await rename(aside, `${cache}${name}`).catch(async (error: unknown) => {
    // Another process was quicker.
    await rm(aside, { recursive: true, force: true })
    if (!(await isThere(lib))) throw error
  })
  return lib
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )

function pomOf(name: string, artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(({ coordinates, without = [] }) => {
    const exclusions = without.map(excluded => `<exclusion>${parts(excluded)}</exclusion>`).join('')
    return `<dependency>${parts(coordinates)}<exclusions>${exclusions}</exclusions></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>spillway.test</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`
}

function parts(coordinates: string): string {
  const [group, artifact, version] = coordinates.split(':')
  const end = version === undefined ? '' : `<version>${version}</version>`
  return `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>${end}`
}
