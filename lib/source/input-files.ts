import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OptionsError } from '../errors.ts'

/** One thing to read. */
export interface InputFile {
  /** What it is called in messages. */
  readonly name: string
  /** `undefined` for standard input. */
  readonly path: string | undefined
  /** In bytes; `undefined` where nobody knows before the end. */
  readonly size: number | undefined
}

/**
 * What `input` stands for: a file, the files right in a folder in the order of their names (hidden ones not), or standard
 * input for `-`. Throws `SPW_ERR_OPTIONS` when there is nothing that can be read.
 */
export async function inputFiles(input: string): Promise<InputFile[]> {
  if (input === '-') return [{ name: 'stdin', path: undefined, size: undefined }]
  const { file, isFolder } = await described(input)
  if (!isFolder) return [file]
  const names = (await readdir(input)).filter(name => !name.startsWith('.')).sort()
  const found = await Promise.all(names.map(name => described(join(input, name))))
  const readable = found.filter(each => !each.isFolder).map(each => each.file)
  if (readable.length === 0) throw new OptionsError(`the folder ${input} has no file to read`)
  return readable
}

async function described(path: string): Promise<{ file: InputFile; isFolder: boolean }> {
  try {
    const found = await stat(path)
    const isFolder = found.isDirectory()
    await access(path, isFolder ? constants.R_OK | constants.X_OK : constants.R_OK)
    return { file: { name: path, path, size: found.isFile() ? found.size : undefined }, isFolder }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new OptionsError(
      `cannot read the input ${path}: ${code === 'ENOENT' ? 'there is no such file' : (code ?? message)}`,
      {
        cause
      }
    )
  }
}
