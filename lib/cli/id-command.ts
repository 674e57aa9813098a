import { Command, type ParseOptionsResult } from 'commander'

/** A command that takes an id, which may begin with a dash. What begins with two is a flag, unless it stands after `--`. */
export class IdCommand extends Command {
  override parseOptions(args: string[]): ParseOptionsResult {
    const result = super.parseOptions(args)
    // Commander looks at this next, and refuses the first of the unknown ones.
    this.allowUnknownOption(result.unknown[0]?.startsWith('--') !== true)
    return result
  }
}
