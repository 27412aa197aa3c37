/** The sshd side: a drop-in where the main file reads the folder first, marked blocks in the main file elsewhere. */
import type { DesiredFile } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import { fileFact, type FileFact, type Facts } from '../../domain/facts.js'
import { keyboardInteractiveKeywords } from '../../os/openssh.js'
import { includesFirst } from '../../render/sshd-config.js'
import { applySshdBlocks, revertSshdBlocks } from '../../render/sshd-edit.js'
import { render } from '../../render/template.js'
import { linesOf } from '../../render/text.js'
import { demanded, featureName, keyAlone, paths } from './paths.js'

const blocks = { path: paths.sshdMain, feature: featureName }

/** sshd's main file with its text. Errors: BastionError `host-unfit` where it could not be read. */
export function sshdMain(facts: Facts): FileFact & { readonly content: string } {
  return withText(facts, paths.sshdMain)
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

/** The main file as it is without us. */
export function foreignMain(facts: Facts): string {
  return revertSshdBlocks(sshdMain(facts).content, blocks)
}

/** Decided from the file's text, not from the distribution. */
export function usesDropIn(facts: Facts): boolean {
  return includesFirst(foreignMain(facts), paths.sshdMain, paths.sshdFolder)
}

/** The two files with the factor demanded; exempt groups get in by key alone. */
export function sshdFilesOn(facts: Facts, exemptGroups: readonly string[]): DesiredFile[] {
  const global = render('etc/ssh/sshd_config.d/00-bastionctl-mfa.conf', {
    keywords: keyboardInteractiveKeywords(facts.sshd.version),
    demanded,
  })
  const exempt =
    exemptGroups.length === 0 ? '' : render('etc/ssh/sshd_config.d/00-bastionctl-mfa.match', { exemptGroups, keyAlone })
  const main = foreignMain(facts)
  if (usesDropIn(facts)) return [mainFile(facts, main), dropIn(facts, exempt === '' ? global : `${global}\n${exempt}`)]
  const text = applySshdBlocks(main, { ...blocks, top: body(global), end: exempt === '' ? [] : body(exempt) })
  return [dropIn(facts, null), mainFile(facts, text)]
}

/** Both files as they were before. */
export function sshdFilesOff(facts: Facts): DesiredFile[] {
  return [dropIn(facts, null), mainFile(facts, foreignMain(facts))]
}

function mainFile(facts: Facts, content: string): DesiredFile {
  const { mode, owner, group } = sshdMain(facts)
  return {
    path: paths.sshdMain,
    content,
    mode,
    owner,
    group,
    reason: 'sshd demands key and factor (no Include of sshd_config.d in front)',
  }
}

/** A drop-in gets mode and owner of the main file, whose place its lines take. */
function dropIn(facts: Facts, content: string | null): DesiredFile {
  const { mode, owner, group } = sshdMain(facts)
  return {
    path: paths.sshdDropIn,
    content,
    mode,
    owner,
    group,
    reason: content === null ? 'key alone is enough again' : 'sshd demands key and factor',
  }
}

function body(text: string): string[] {
  return linesOf(text).slice(0, -1)
}
