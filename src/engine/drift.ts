/** Judges what a host read of itself: what has drifted from its confirmed changes, which line decides, who did it. Pure. */
import {
  isCloudInits,
  type Cause,
  type Drift,
  type Findings,
  type PackageEvent,
  type Touched,
} from '../domain/drift.js'
import { BastionError } from '../domain/errors.js'
import { daemonOptions } from '../features/daemon-options.js'
import { spellings } from '../os/openssh.js'
import { readSshd, type Directive } from '../render/sshd-config.js'
import { decides, says, valueOf } from '../render/sshd-decides.js'

/** Seconds that unpacking and configuring a package may take, behind what its manager's log says. */
const packageTime = 600
/** Seconds between cloud-init's log line and the file's own time. */
const cloudInitTime = 5

export function driftOf(findings: Findings): Drift[] {
  return [...sshdDrift(findings), ...fileDrift(findings), ...valueDrift(findings), ...foreignDrift(findings)]
}

function sshdDrift({ refuses, replaced, commandLines, unreadUnit, behind, sunset, packages }: Findings): Drift[] {
  const drift: Drift[] = sunset ? [{ kind: 'sunset', ...sunset }] : []
  if (replaced) {
    const { path, since } = replaced
    const event = eventAt(packages, /^openssh/, since)
    drift.push({
      kind: 'sshd-replaced',
      path,
      ...(since > 0 ? { since } : {}),
      ...(event ? { cause: { by: 'package', at: event.at, package: event } } : {}),
    })
  }
  drift.push(...commandLines.map((one) => ({ kind: 'command-line', ...one }) as const))
  if (unreadUnit !== '') drift.push({ kind: 'unit-unread', unit: unreadUnit })
  drift.push(...behind.map((one) => ({ kind: 'sshd-behind', ...one }) as const))
  if (refuses !== '') drift.push({ kind: 'sshd-refuses', text: refuses })
  return drift
}

function fileDrift({ files, confirmed, packages }: Findings): Drift[] {
  return files.map((file) => {
    const { path, change, digest, wantedDigest, before, wantedAccess, access } = file
    const base = { kind: 'file', path, change, ...causeOf(file, confirmed.get(change), packages) } as const
    if (digest === wantedDigest) return { ...base, what: 'access', wanted: wantedAccess, found: access }
    if (digest === 'absent') return { ...base, what: 'missing' }
    if (digest === before) return { ...base, what: 'undone' }
    return { ...base, what: wantedDigest === 'absent' ? 'back' : 'edited' }
  })
}

function foreignDrift({ foreign, confirmed, packages }: Findings): Drift[] {
  return foreign.map((file) => ({
    kind: 'foreign-file',
    path: file.path,
    change: file.change,
    what: file.was === 'absent' ? 'new' : file.digest === 'absent' ? 'missing' : 'edited',
    ...causeOf(file, confirmed.get(file.change), packages),
  }))
}

function valueDrift(findings: Findings): Drift[] {
  const { values, groups, refuses, openssh, localPort, files, foreign, confirmed, packages } = findings
  const directives = directivesOf(findings)
  const found = new Map<string, Drift & { readonly kind: 'value' }>()
  for (const row of values) {
    const { from, account: name } = row
    const login = { name, groups: groups.get(name) ?? [], origin: { localPort, ...from } }
    const line = decides(directives, spellings(row.keyword, openssh), login, row.found || undefined)
    // An sshd that refuses its files says nothing of any value: the lines have to.
    const unsaid = row.found === '' && refuses !== ''
    const seen = unsaid && line ? valueOf(line) : row.found
    if (unsaid && (line === undefined || says(line, row.wanted))) continue
    const touched = [...files, ...foreign].find(({ path }) => path === line?.path)
    const drift = {
      kind: 'value',
      accounts: [name],
      ...(from === undefined ? {} : { from }),
      keyword: row.keyword,
      wanted: row.wanted,
      ...(seen === '' ? {} : { found: seen }),
      change: row.change,
      ...(line ? { decidedBy: { path: line.path, line: line.line } } : {}),
      ...(touched ? causeOf(touched, confirmed.get(row.change), packages) : {}),
    } as const
    const key = JSON.stringify({ ...drift, accounts: [] })
    found.set(key, { ...drift, accounts: [...(found.get(key)?.accounts ?? []), name] })
  }
  return [...found.values()]
}

/** Empty where the files cannot be read as sshd reads them: then no line is named. */
function directivesOf({ args, texts }: Findings): readonly Directive[] {
  try {
    return [...daemonOptions(args), ...readSshd(texts, '/etc/ssh/sshd_config')]
  } catch (error) {
    if (error instanceof BastionError) return []
    throw error
  }
}

function causeOf(
  { path, modified, changed, cloudInit }: Touched & { readonly path: string },
  since = 0,
  packages: readonly PackageEvent[],
): { readonly cause?: Cause } {
  // Nobody knows when a file went that is not there.
  if (changed === 0) return {}
  if (cloudInit > 0 && changed - cloudInit <= cloudInitTime) return { cause: { by: 'cloud-init', at: cloudInit } }
  const event = eventAt(packages, packagesOf(path), changed)
  if (event) return { cause: { by: 'package', at: event.at, package: event } }
  // Copied with its old time, or given another owner: then only the inode's time is new.
  return { cause: { by: 'edit', at: modified > since ? modified : changed } }
}

/** By name, those that may have written a file. sshd's own PAM file is OpenSSH's, and what pam-auth-update writes there is PAM's; others there may be links of authselect's. */
function packagesOf(path: string): RegExp {
  if (path === '/etc/pam.d/sshd') return /^(?:(?:lib)?pam|openssh)/
  if (path.startsWith('/etc/pam.d/')) return /^(?:(?:lib)?pam|authselect)/
  if (path.startsWith('/etc/crypto-policies/')) return /^crypto-policies/
  return isCloudInits(path) ? /^$/ : /^openssh/
}

/** The newest such package that may have written at that time. */
function eventAt(packages: readonly PackageEvent[], name: RegExp, at: number): PackageEvent | undefined {
  return packages.findLast((event) => name.test(event.name) && at >= event.at - 1 && at <= event.at + packageTime)
}
