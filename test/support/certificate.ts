import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** A self-signed certificate for 127.0.0.1 and localhost, and its key, as PEM. */
export interface Certificate {
  cert: string
  key: string
}

/** Makes a certificate that is valid between two times, by hand: nothing has to be installed, nothing runs out. */
export function selfSigned(from = hoursFromNow(-1), to = hoursFromNow(24)): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('spillway test')))))
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  const serial = createHash('sha256').update(publicInfo).digest().subarray(0, 8)
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    name,
    sequence(time(from), time(to)),
    name,
    publicInfo,
    der(0xa3, sequence(sequence(oid('551d11'), der(0x04, alternativeNames))))
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  }
}

/** One whose time is over. */
export const expired = (): Certificate => selfSigned(hoursFromNow(-48), hoursFromNow(-24))

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...items: Buffer[]): Buffer => der(0x30, Buffer.concat(items))
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const integer = (bytes: Buffer): Buffer => der(0x02, bytes[0]! < 128 ? bytes : Buffer.concat([Buffer.from([0]), bytes]))
const time = (at: Date): Buffer => der(0x18, Buffer.from(`${at.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`))

const alternativeNames = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))

function hoursFromNow(hours: number): Date {
  return new Date(Date.now() + hours * 3_600_000)
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
