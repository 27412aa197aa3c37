/** Damage that tests do to hosts; `reset` undoes it. */

import { type LabHost } from '../types.js'
import { updateHost } from '../state.js'
import { LabError } from './error.js'
import { sh } from './exec.js'

/** A package that was half unpacked and is on offer nowhere: apt can neither finish nor remove it by itself. */
const HALF_INSTALLED = `
Package: lab-damaged
Status: install reinstreq half-installed
Maintainer: lab <lab@localhost>
Architecture: all
Version: 1.0
Description: left by an installation that was cut off
`

/**
 * Damages the package database so that every \`apt-get install\` fails with 100.
 * `reinstall`: a half-installed package (\`dpkg --audit\` names it). `interrupted`: dpkg died while writing; \`dpkg --configure -a\` repairs it.
 */
export async function damagePackages(host: string, kind: 'reinstall' | 'interrupted' = 'reinstall'): Promise<void> {
  const script =
    kind === 'reinstall' ? 'cat >>/var/lib/dpkg/status' : 'cat >/dev/null; cp /dev/null /var/lib/dpkg/updates/0001'
  const { exitCode, stderr } = await sh(host, script, { input: HALF_INSTALLED })
  if (exitCode !== 0) throw new LabError(`cannot damage the packages of "${host}": ${stderr.trim()}`)
}

/** What Systems Manager knows of the host's agent; the endpoint looks at every poll. The host itself is not touched. */
export const setAgent = async (host: string, agent: LabHost['agent']): Promise<void> => {
  await updateHost(host, { agent })
}
