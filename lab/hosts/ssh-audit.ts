/** ssh-audit over the lab's network, as an outsider sees the hosts. Debian 13's package on any machine: it is Python alone, and Debian 12's does not know the newer algorithms. */

import { existsSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { findHost } from '../state.js'
import { LabError } from './error.js'
import { withLock } from './lock.js'
import { aptMirror } from './mirror.js'
import { aptElsewhere } from './package-source.js'
import { cacheDir } from './places.js'
import { must, run } from './run.js'

export interface Finding {
  /** `kex`, `key`, `enc` or `mac`; `cve` for known holes. */
  readonly kind: string
  readonly algorithm: string
  readonly severity: 'fail' | 'warn'
  readonly says: string
}

interface Report {
  readonly cves: readonly { readonly name: string; readonly description: string }[]
  readonly [kind: string]: unknown
}

interface Algorithm {
  readonly algorithm: string
  readonly notes: Readonly<Partial<Record<'fail' | 'warn', readonly string[]>>>
}

const severities = ['fail', 'warn'] as const
const release = 'trixie'

/** What it finds on a host. @returns the version that judged, too. @throws LabError when it cannot be had or does not answer. */
export async function sshAudit(host: string): Promise<{ version: string; findings: Finding[] }> {
  const folder = await ensureSshAudit()
  // Its rate test opens as many connections as it can: the next ones from this address would be refused (PerSourcePenalties).
  const { stdout, stderr } = await python(folder, '--json', '--skip-rate-test', findHost(host).address)
  let report: Report
  try {
    report = JSON.parse(stdout) as Report
  } catch {
    throw new LabError(`ssh-audit has no report for "${host}": ${stdout}${stderr}`)
  }
  const algorithms = ['kex', 'key', 'enc', 'mac'].flatMap((kind) =>
    (report[kind] as readonly Algorithm[]).flatMap(({ algorithm, notes }) =>
      severities.flatMap((severity) => (notes[severity] ?? []).map((says) => ({ kind, algorithm, severity, says }))),
    ),
  )
  if (algorithms.length === 0 && (report.kex as readonly unknown[]).length === 0)
    throw new LabError(`ssh-audit saw no algorithms of "${host}"`)
  const cves = report.cves.map(({ name, description }) => ({
    kind: 'cve',
    algorithm: name,
    severity: 'fail' as const,
    says: description,
  }))
  const { stdout: help } = await python(folder, '--help', '--no-colors')
  return { version: /v(\d[\d.]*)/.exec(help)?.[1] ?? '', findings: [...algorithms, ...cves] }
}

const python = (folder: string, ...args: readonly string[]) =>
  run('python3', ['-B', '-m', 'ssh_audit', ...args], {
    timeout: 120,
    env: {
      PATH: process.env.PATH ?? '',
      PYTHONPATH: path.join(folder, 'usr/lib/python3/dist-packages'),
      NO_COLOR: '1',
    },
  })

/** Unpacked, not installed; fetched once. */
async function ensureSshAudit(): Promise<string> {
  const target = path.join(cacheDir(), `ssh-audit-${release}`)
  if (existsSync(target)) return target
  await withLock('ssh-audit', async () => {
    if (existsSync(target)) return
    const mirror = await aptMirror()
    const scratch = mkdtempSync(path.join(cacheDir(), '.ssh-audit-'))
    const at = (leaf: string): string => path.join(scratch, leaf)
    try {
      writeFileSync(at('sources.list'), `deb [signed-by=${mirror.keyring}] ${mirror.uri} ${release} main\n`)
      writeFileSync(at('status'), '')
      const options = await aptElsewhere(scratch, at('sources.list'), at('status'))
      // Whatever it depends on is Python, which the machine has.
      await must('sh', ['-c', 'cd "$0" && exec apt-get -qq "$@" download ssh-audit', scratch, ...options])
      await must('sh', ['-c', 'exec dpkg-deb --extract "$0"/ssh-audit_*.deb "$0/unpacked"', scratch])
      renameSync(at('unpacked'), target)
    } finally {
      await must('rm', ['-rf', scratch])
    }
  })
  return target
}
