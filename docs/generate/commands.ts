import type { Command } from '@oclif/core'

type Flag = Command.Flag.Cached

const generatedNote = '<!-- generated from the command by `npm run generate` -->'

/** A command's page: usage, flags by group, examples. */
export function commandPage(command: Command.Cached, bin: string): string {
  const { id, summary = '', description } = command
  return [
    generatedNote,
    '',
    `# ${bin} ${id}`,
    '',
    sentence(summary),
    '',
    ...(description === undefined ? [] : [description, '']),
    '```',
    usage(command, bin),
    '```',
    '',
    ...argumentsSection(command),
    ...flagSections(command),
    ...examples(command, bin),
    `JSON: [schemas/${id}.json](../schemas/${id}.json) · exit codes: [exit-codes.md](../exit-codes.md)`,
    '',
  ].join('\n')
}

export function commandIndex(commands: readonly Command.Cached[], bin: string): string {
  const rows = commands.map(({ id, summary = '' }) => `| [\`${bin} ${id}\`](${id}.md) | ${cell(summary)} |`)
  return [generatedNote, '', '# Commands', '', '| command | does |', '|---|---|', ...rows, ''].join('\n')
}

function usage(command: Command.Cached, bin: string): string {
  const names = Object.values(command.args).map(({ name, required }) =>
    required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  )
  return [bin, command.id, ...names, '[flags]'].join(' ')
}

function argumentsSection(command: Command.Cached): readonly string[] {
  const rows = Object.values(command.args).map(
    ({ name, description = '' }) => `| \`${name.toUpperCase()}\` | ${cell(description)} |`,
  )
  return rows.length === 0 ? [] : ['| argument | |', '|---|---|', ...rows, '']
}

function flagSections(command: Command.Cached): readonly string[] {
  const flags = Object.values(command.flags).filter((flag) => flag.hidden !== true)
  const groups = [...new Set(flags.map((flag) => flag.helpGroup ?? ''))]
  const order = (group: string): number =>
    ['SELECTOR', '', 'CHOICES', 'TOTP', 'SAFETY SESSION', 'GLOBAL'].indexOf(group)
  return groups
    .sort((a, b) => order(a) - order(b))
    .flatMap((group) => [
      `| ${group === '' ? '' : `${group.toLowerCase()} `}flag | | default |`,
      '|---|---|---|',
      ...flags.filter((flag) => (flag.helpGroup ?? '') === group).map(flagRow),
      '',
    ])
}

function flagRow(flag: Flag): string {
  const { name, char, summary = '', description } = flag
  const negated = flag.type === 'boolean' && flag.allowNo ? '[no-]' : ''
  const value = flag.type === 'option' ? ` ${flag.options?.join('\\|') ?? label(flag.helpValue)}` : ''
  const repeat = flag.type === 'option' && flag.multiple === true ? ' …' : ''
  const spelled = `${char === undefined ? '' : `\`-${char}\`, `}\`--${negated}${name}${value}\`${repeat}`
  const fallback = flag.type === 'option' && flag.default !== undefined ? `\`${String(flag.default)}\`` : ''
  const text =
    description === undefined || summary === '' ? (description ?? summary) : `${sentence(summary)} ${description}`
  return `| ${spelled} | ${cell(text)} | ${fallback} |`
}

function label(helpValue: string | string[] | undefined): string {
  return Array.isArray(helpValue) ? helpValue.join(' ') : (helpValue ?? 'VALUE')
}

function examples({ examples: list = [], id }: Command.Cached, bin: string): readonly string[] {
  const fill = (text: string): string => text.replaceAll('<%= config.bin %>', bin).replaceAll('<%= command.id %>', id)
  const lines = list.flatMap((example) =>
    typeof example === 'string' ? [fill(example)] : [`# ${example.description}`, fill(example.command)],
  )
  return lines.length === 0 ? [] : ['```sh', ...lines, '```', '']
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
