import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandFolder, ndjson, reportIn } from '../command.ts'

const canary = 'canary-4711'

const config = (more = ''): string => `
http:
  url: \${URL}
  headers: { authorization: "Bearer \${TOKEN:-none}" }
retry: { retries: 0 }
failover: { storage: file, path: ./failover }
${more}`

describe('spillway run', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let server: Server | undefined
  let bodies: string[]
  let lines: string[]

  beforeEach(async () => {
    folder = await CommandFolder.make()
    bodies = []
    lines = []
  })

  afterEach(async () => {
    await folder.remove()
    server?.closeAllConnections()
    await new Promise(resolve => (server === undefined ? resolve(undefined) : server.close(resolve)))
    server = undefined
  })

  /** An endpoint that remembers what it got and answers by the body's number in order. */
  async function listen(statusOf: (body: string) => number = () => 200): Promise<string> {
    const take: RequestListener = (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        bodies.push(body)
        lines.push(`${request.method} ${request.url}`)
        response.writeHead(statusOf(body)).end()
      })
    }
    server = createServer(take)
    await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`
  }

  it('delivers a file and prints one JSON line', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config())
    await folder.write('events.ndjson', '{"a": 1.10}\n{"b" :"é"}')
    const result = await folder.run(['run', 'c.yaml', '--input', 'events.ndjson'], { URL })
    expect(result).to.deep.include({ code: 0, stderr: '' })
    expect(reportIn(result)).to.deep.include({ accepted: 2, delivered: 2, stored: 0, damaged: 0, exitCode: 0 })
    expect(reportIn(result).seconds).to.be.greaterThan(0)
    expect(bodies.sort()).to.deep.equal(['{"a": 1.10}', '{"b" :"é"}'])
  })

  it('stores what the endpoint does not take, and ends with 3', async () => {
    const URL = await listen(body => (body.includes('7') ? 503 : 200))
    await folder.write('c.yaml', config())
    const result = await folder.run(['run', 'c.yaml', '--input', '-'], { URL }, ndjson(20))
    expect(result.code).to.equal(3)
    expect(reportIn(result)).to.deep.include({ accepted: 20, delivered: 18, stored: 2, refused: 0, attempts: 20 })
  })

  it('ends with 4 when records are refused', async () => {
    const URL = await listen(() => 400)
    await folder.write('c.yaml', config())
    const result = await folder.run(['run', 'c.yaml', '--input', '-'], { URL }, ndjson(3))
    expect(result.code).to.equal(4)
    expect(reportIn(result)).to.deep.include({ stored: 3, refused: 3 })
  })

  it('shows damaged lines with their number, stores them as they are, and ends with 4', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config())
    const damaged = Array.from({ length: 12 }, (_, i) => `{"broken ${i}\n`).join('')
    const bytes = Buffer.concat([
      Buffer.from(`{"id":1}\n${damaged}`),
      Buffer.of(0x22, 0xff, 0x22, 0x0a),
      Buffer.from('{"id":2}\n')
    ])
    await folder.write('events.ndjson', bytes)
    const result = await folder.run(['run', 'c.yaml', '--input', 'events.ndjson'], { URL })
    expect(result.code).to.equal(4)
    expect(reportIn(result)).to.deep.include({ accepted: 2, delivered: 2, damaged: 13 })
    expect(result.stderr.split('\n')).to.have.lengthOf(12)
    expect(result.stderr).to.match(
      /^spillway: events\.ndjson:2 is damaged and goes to the storage as it is: it is not JSON\n/
    )
    expect(result.stderr).to.match(/spillway: 3 more damaged lines, 13 in all\n$/)

    const listed = await folder.run(['ls', 'c.yaml', '--json', '--outcome', 'refused'], { URL })
    const ids = listed.stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { id: string }).id)
    expect(ids).to.have.lengthOf(13)
    const shown = await folder.run(['show', 'c.yaml', ids.at(-1)!], { URL })
    expect(JSON.parse(shown.stdout)).to.deep.include({ records: [{ base64: 'Iv8i' }], outcome: 'refused' })
  })

  it('says why records are refused, by run and by replay', async () => {
    await folder.write('c.yaml', 'failover: { storage: file, path: ./failover }\n')
    await folder.write('events.ndjson', '{"id":1}\n{"id":2}\n')
    const reason = 'a record is refused, SPW_ERR_REQUEST: '
    for (const args of [
      ['run', 'c.yaml', '--input', 'events.ndjson'],
      ['replay', 'c.yaml', '--outcome', 'refused']
    ]) {
      const result = await folder.run(args)
      expect(result.code, args[0]).to.equal(4)
      expect(result.stderr.split(reason), args[0]).to.have.lengthOf(2)
    }
  })

  it('says that damaged lines were not stored', async () => {
    const URL = await listen()
    await folder.write('c.yaml', 'http: { url: "${URL}" }\nfailover: { storage: none }\n')
    await folder.write('events.ndjson', '{"id":1}\n{"broken\n')
    const result = await folder.run(['run', 'c.yaml', '--input', 'events.ndjson'], { URL })
    expect(result.code).to.equal(5)
    expect(result.stderr).to.include('1 damaged lines, or parts of them, were not stored')
  })

  it('reads CSV from standard input, and sends objects', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config())
    const result = await folder.run(['run', 'c.yaml', '--input', '-', '--format', 'csv'], { URL }, 'id,name\n1,"a,b"\n')
    expect(result.code).to.equal(0)
    expect(bodies).to.deep.equal(['{"id":"1","name":"a,b"}'])
  })

  it('sends lines as texts, and takes the input of the configuration', async () => {
    const URL = await listen()
    await folder.write(
      'c.yaml',
      `${config()}source: { input: events.txt }\n`.replace('headers:', 'format: text\n  headers:')
    )
    await folder.write('events.txt', 'one "line"\n')
    expect((await folder.run(['run', 'c.yaml'], { URL })).code).to.equal(0)
    expect(bodies).to.deep.equal(['one "line"'])
  })

  it('makes forms of JSON objects', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config().replace('headers:', 'format: form\n  headers:'))
    expect((await folder.run(['run', 'c.yaml', '--input', '-'], { URL }, '{"a":"b c"}\n')).code).to.equal(0)
    expect(bodies).to.deep.equal(['a=b+c'])
  })

  it('takes records that say where they go when no url is configured', async () => {
    const URL = await listen()
    await folder.write('c.yaml', 'failover: { path: ./failover }\n')
    const input = `{"url":"${URL}/1","method":"PUT","body":{"a":1}}\n"${URL}/2"\n`
    expect((await folder.run(['run', 'c.yaml', '--input', '-', '--method', 'DELETE'], {}, input)).code).to.equal(0)
    expect(lines.sort()).to.deep.equal(['DELETE /in/2', 'PUT /in/1'])
    expect(bodies.sort()).to.deep.equal(['', '{"a":1}'])
  })

  it('runs a configuration of StreamPark unchanged, the query of each URL as a JSON body', async () => {
    const URL = await listen(() => 202)
    const park =
      'http.sink:\n  threshold: { numWriters: "3", successCode: "202" }\n  failover: { storage: file, path: ./f }\n'
    await folder.write('c.yaml', `flink: { option: { target: local } }\n${park}`)
    await folder.write('urls.txt', `${URL}?userId=7&name=a%20b\n${URL}?userId=8\n`)
    const result = await folder.run(['run', 'c.yaml', '--input', 'urls.txt', '--method', 'post'])
    expect(result).to.deep.include({ code: 0, stderr: '' })
    expect(bodies.sort()).to.deep.equal(['{"userId":"7","name":"a b"}', '{"userId":"8"}'])
    expect(lines).to.deep.equal(['POST /in', 'POST /in'])
  })

  it('C01–C05 ends with 2 for a wrong configuration or input, starts nothing and writes nothing', async () => {
    const URL = await listen()
    await folder.write('unknown.yaml', config().replace('retries:', 'retires:'))
    await folder.write('method.yaml', config().replace('headers:', 'method: ${TOKEN}\n  headers:'))
    await folder.write('ok.yaml', config())
    await folder.write('batch.yaml', config().replace('headers:', 'batchSize: 10\n  queueCapacity: 5\n  headers:'))
    await folder.write('delays.yaml', config().replace('retries:', 'minDelay: 900, maxDelay: 800, retries:'))
    const run = (file: string, ...flags: string[]) =>
      folder.run(['run', file, ...flags], { URL, TOKEN: canary }, ndjson(5))
    const results = await Promise.all([
      run('unknown.yaml', '--input', '-'),
      run('method.yaml', '--input', '-'),
      run('batch.yaml', '--input', '-'),
      run('delays.yaml', '--input', '-'),
      run('ok.yaml', '--input', 'none.ndjson'),
      run('ok.yaml'),
      run('ok.yaml', '--input', '-', '--num-writers', 'many'),
      run('ok.yaml', '--input', '-', '--num-writers', '0'),
      run('ok.yaml', '--input', '-', '--url', 'localhost:8080')
    ])
    expect(results.map(({ code, stdout }) => [code, stdout])).to.deep.equal(results.map(() => [2, '']))
    const faults = [
      /^spillway: unknown\.yaml:5:10 retry has no option "retires", did you mean "retries"\?\n$/,
      /^spillway: method\.yaml:4:3 http\/method must be one of .*, got "\$\{TOKEN\}"\n$/,
      /^spillway: batch\.yaml:5:3 http\/queueCapacity must be at least http\/batchSize, 10, got 5\n$/,
      /^spillway: delays\.yaml:5:10 retry\/minDelay must be at most retry\/maxDelay, 800, got 900\n$/,
      /^spillway: cannot read the input none\.ndjson: there is no such file\n$/,
      /^spillway: there is no input: /,
      /^error: option '--num-writers <n>' argument 'many' is invalid\. It must be a whole number\.\n$/,
      /^spillway: --num-writers must be >= 1, got 0\n$/,
      /^spillway: --url: the URL must be http or https, got localhost\n$/
    ]
    results.forEach(({ stderr }, i) => expect(stderr).to.match(faults[i]!))
    expect(bodies).to.deep.equal([])
    expect((await readdir(folder.path)).filter(name => !name.endsWith('.yaml'))).to.deep.equal([])
  })

  it('names no place for the input that the form of StreamPark does not have', async () => {
    await folder.write('c.yaml', 'http.sink.failover: { storage: file, path: ./f }\n')
    expect((await folder.run(['run', 'c.yaml'])).stderr).to.equal(
      'spillway: there is no input: give --input FILE, a folder, or - for standard input\n'
    )
  })

  it('ends with 5 when the storage cannot be opened, and sends nothing', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config())
    await folder.write('failover', 'in the way')
    const result = await folder.run(['run', 'c.yaml', '--input', '-'], { URL }, ndjson(5))
    expect(result).to.deep.include({ code: 5, stdout: '' })
    expect(result.stderr).to.match(/^spillway: .*failover/)
    expect(bodies).to.deep.equal([])
  })

  it('ends with 5 when what failed is not kept, because the storage is none', async () => {
    const URL = await listen(() => 503)
    await folder.write('c.yaml', config().replace('storage: file, path: ./failover', 'storage: none'))
    const result = await folder.run(['run', 'c.yaml', '--input', '-'], { URL }, `${ndjson(2)}{"damaged\n`)
    expect(result.code).to.equal(5)
    expect(reportIn(result)).to.deep.include({ stored: 0, abandoned: 2, damaged: 1 })
  })

  it('ends with 5 when the input cannot be read to its end, and delivers what was read', async () => {
    const URL = await listen()
    await folder.write('c.yaml', config())
    await folder.write('events.ndjson.gz', Buffer.from('H4sIAAAAAAAAA6tWykxRsjKo5QIA', 'base64'))
    const result = await folder.run(['run', 'c.yaml', '--input', 'events.ndjson.gz'], { URL })
    expect(result.code).to.equal(5)
    expect(result.stderr).to.equal(
      'spillway: cannot read the input events.ndjson.gz to its end: unexpected end of file\n'
    )
    expect(reportIn(result)).to.deep.include({ abandoned: 0 })
  })

  it('settles everything though nobody reads standard output', async () => {
    const URL = await listen(body => (body.includes('7') ? 503 : 200))
    await folder.write('c.yaml', config())
    const command = folder.start(['run', 'c.yaml', '--input', '-'], { URL })
    command.process.stdout.destroy()
    command.process.stdin.end(ndjson(20))
    expect((await command.result()).code).to.equal(3)
    expect(bodies).to.have.lengthOf(20)
  })

  it('C08 shows and stores no secret', async () => {
    const URL = `${await listen(() => 401)}?key=${canary}-in-url`
    await folder.write('c.yaml', config())
    const environment = { URL: URL.replace('//', `//user:${canary}@`), TOKEN: canary }
    const results = await Promise.all([
      folder.run(['run', 'c.yaml', '--input', '-', '--path', './f1'], environment, ndjson(3)),
      folder.run(
        ['run', 'c.yaml', '--input', '-', '--path', './f2', '--journal', './j2', '--url', 'http://127.0.0.1:1/'],
        environment,
        ndjson(3)
      )
    ])
    expect(results.map(({ code }) => code)).to.deep.equal([3, 3])
    const after = await Promise.all([
      folder.run(['ls', 'c.yaml', '--path', './f1'], environment),
      folder.run(['check', 'c.yaml', '--path', './f1', '--probe'], environment)
    ])
    for (const { stdout, stderr } of [...results, ...after]) expect(stdout + stderr).to.not.include('canary')
    expect((await folder.contents()).replaceAll(`${canary}-in-url`, '')).to.not.include('canary')
  })

  it('says nothing with --quiet but what failed', async () => {
    const URL = await listen()
    await folder.write('c.yaml', 'http.sink: { threshold.bufferSize: 1, failover.storage: none }\n')
    const args = ['run', 'c.yaml', '--input', '-', '--format', 'lines']
    expect((await folder.run(args, {}, `${URL}\n`)).stderr).to.match(/bufferSize is not used/)
    expect((await folder.run([...args, '--quiet'], {}, `${URL}\n`)).stderr).to.equal('')
  })

  it('is what the package starts', () => {
    const { status, stdout } = spawnSync(process.execPath, [
      ...['--import', import.meta.resolve('tsx')],
      new URL('../../../lib/cli/main.ts', import.meta.url).pathname,
      '--version'
    ])
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Record<
      string,
      string
    >
    expect([status, stdout.toString()]).to.deep.equal([0, `${version}\n`])
  })
})
