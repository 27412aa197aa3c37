/** The sshd side: the factor is demanded of everybody, and exempt groups get in by key alone. */
import type { DesiredFile } from '../../domain/change.js'
import type { Facts } from '../../domain/facts.js'
import { keyboardInteractiveKeywords } from '../../os/openssh.js'
import { render } from '../../render/template.js'
import { mfaFeature, sshdFiles } from '../sshd-files.js'
import { demanded, keyAlone } from './paths.js'

/** The two files with the factor demanded. */
export function sshdFilesOn(facts: Facts, exemptGroups: readonly string[]): DesiredFile[] {
  const global = render('etc/ssh/sshd_config.d/00-bastionctl-mfa.conf', {
    keywords: keyboardInteractiveKeywords(facts.sshd.version),
    demanded,
  })
  const match =
    exemptGroups.length === 0 ? '' : render('etc/ssh/sshd_config.d/00-bastionctl-mfa.match', { exemptGroups, keyAlone })
  return sshdFiles(facts, mfaFeature, { global, match }, 'sshd demands key and factor')
}

/** sshd's files without the factor's lines. */
export function sshdFilesOff(facts: Facts): DesiredFile[] {
  return sshdFiles(facts, mfaFeature, null, 'key alone is enough again')
}
