/** Where a feature's lines of sshd's configuration go: a drop-in where the main file reads the folder first, marked blocks in the main file elsewhere. */
import type { DesiredFile } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import { fileFact, type FileFact, type Facts } from '../domain/facts.js'
import { findBlocks, marks } from '../render/marked-block.js'
import { includesFirst } from '../render/sshd-config.js'
import { applySshdBlocks, revertSshdBlocks } from '../render/sshd-edit.js'
import { linesOf } from '../render/text.js'

export const sshdPaths = { main: '/etc/ssh/sshd_config', folder: '/etc/ssh/sshd_config.d' } as const

/** A feature that writes into sshd's configuration. The first value wins in sshd, so the order of {@link order} is theirs. */
export interface SshdFeature {
  /** Names the feature in the marks of its blocks. */
  readonly name: string
  readonly dropIn: string
}

export const mfaFeature: SshdFeature = { name: 'mfa', dropIn: `${sshdPaths.folder}/00-bastionctl-mfa.conf` }
export const hardeningFeature: SshdFeature = {
  name: 'hardening',
  dropIn: `${sshdPaths.folder}/01-bastionctl-hardening.conf`,
}

const order: readonly SshdFeature[] = [mfaFeature, hardeningFeature]

/** sshd's main file with its text. Errors: BastionError `host-unfit` where it could not be read. */
export function sshdMain(facts: Facts): FileFact & { readonly content: string } {
  return withText(facts, sshdPaths.main)
}

/** A file that has to be there. Errors: BastionError `host-unfit`. */
export function withText(facts: Facts, path: string): FileFact & { readonly content: string } {
  const file = fileFact(facts, path)
  if (file?.content === undefined) {
    throw new BastionError(
      'host-unfit',
      `${path} is not there or could not be read`,
      'bastionctl changes OpenSSH as the distribution installs it',
    )
  }
  return { ...file, content: file.content }
}

/** The main file as it is without the feature. */
export function mainWithout(facts: Facts, { name }: SshdFeature): string {
  return revertSshdBlocks(sshdMain(facts).content, { path: sshdPaths.main, feature: name })
}

/** Decided from the file's text as others have left it, not from the distribution. */
export function usesDropIn(facts: Facts): boolean {
  const foreign = order.reduce(
    (text, { name }) => revertSshdBlocks(text, { path: sshdPaths.main, feature: name }),
    sshdMain(facts).content,
  )
  return includesFirst(foreign, sshdPaths.main, sshdPaths.folder)
}

/** The feature's lines as they stand on the host now; empty where there are none. */
export function present(facts: Facts, { name, dropIn }: SshdFeature): string {
  const own = fileFact(facts, dropIn)?.content
  if (own !== undefined) return own
  const main = fileFact(facts, sshdPaths.main)?.content ?? ''
  return [marks(name), marks(name, 'match')]
    .flatMap((pair) => findBlocks(main, pair, sshdPaths.main))
    .flatMap((block) => block.body)
    .join('\n')
}

export interface SshdLines {
  /** Text for the main section. */
  readonly global: string
  /** Text of Match blocks; empty where there are none. */
  readonly match: string
}

/** Both files with the feature's lines; `null` for both as they were before. */
export function sshdFiles(facts: Facts, feature: SshdFeature, lines: SshdLines | null, reason: string): DesiredFile[] {
  const without = mainWithout(facts, feature)
  if (lines === null) return [dropIn(facts, feature, null, reason), mainFile(facts, without, reason)]
  const { global, match } = lines
  if (usesDropIn(facts))
    return [
      mainFile(facts, without, reason),
      dropIn(facts, feature, match === '' ? global : `${global}\n${match}`, reason),
    ]
  const text = applySshdBlocks(without, {
    path: sshdPaths.main,
    feature: feature.name,
    behind: order.slice(0, order.indexOf(feature)).map(({ name }) => name),
    top: body(global),
    end: match === '' ? [] : body(match),
  })
  const why = `${reason} (no Include of sshd_config.d in front)`
  return [dropIn(facts, feature, null, reason), mainFile(facts, text, why)]
}

function mainFile(facts: Facts, content: string, reason: string): DesiredFile {
  const { mode, owner, group } = sshdMain(facts)
  return { path: sshdPaths.main, content, mode, owner, group, reason }
}

/** A drop-in gets mode and owner of the main file, whose place its lines take. */
function dropIn(facts: Facts, feature: SshdFeature, content: string | null, reason: string): DesiredFile {
  const { mode, owner, group } = sshdMain(facts)
  return { path: feature.dropIn, content, mode, owner, group, reason }
}

function body(text: string): string[] {
  return linesOf(text).slice(0, -1)
}
