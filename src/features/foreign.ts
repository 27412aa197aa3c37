/** Settings that a feature finds in front of its own or behind them, written by others. */
import { byCodePoint } from '../domain/digest.js'
import type { Facts } from '../domain/facts.js'
import { readSshd, type Directive } from '../render/sshd-config.js'
import { daemonOptions } from './daemon-options.js'
import { mainWithout, sshdPaths, type SshdFeature } from './sshd-files.js'

/** Every setting but the feature's own, in the order in which sshd takes them: command line first, then files. */
export function foreignDirectives(facts: Facts, feature: SshdFeature): Directive[] {
  const files = facts.files
    .filter((file) => file.path !== feature.dropIn)
    .map((file) => (file.path === sshdPaths.main ? { ...file, content: mainWithout(facts, feature) } : file))
  return [...daemonOptions(facts.sshd.args), ...readSshd(files, sshdPaths.main)]
}

/** Whether sshd takes it before the feature's lines: the command line, or what a file of the folder that sorts before its drop-in sets or includes. */
export function comesBefore(directive: Directive, feature: SshdFeature, dropIn: boolean): boolean {
  if (directive.line === 0) return true
  const { path, through = path } = directive
  return dropIn && through.startsWith(`${sshdPaths.folder}/`) && byCodePoint(through, feature.dropIn) < 0
}
