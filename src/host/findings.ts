/** Turns the files that verify.sh laid out into {@link Findings}. Pure but for the unpacking before it. */
import * as z from 'zod'
import { offerKinds, type Findings, type PackageEvent, type Touched } from '../domain/drift.js'
import type { Origin } from '../domain/origin.js'
import { lines, rows, type Tree } from './rows.js'

const text = z.string()
const time = z.coerce.number().int()
const touchedFields = [time, time, time] as const
const fileLine = z.tuple([text, text, text, text, text, text, text, ...touchedFields])
const foreignLine = z.tuple([text, text, text, text, ...touchedFields])
const valueLine = z.tuple([text, text, text, text, text, text])
const commandLine = z.tuple([text, z.enum(['running', 'unit', 'both']), text, text])
const behindLine = z.tuple([z.enum(offerKinds), text, text])
const packageLine = z.tuple([time, text, text, text])
const timeLine = z.tuple([text, time])
const groupsLine = z.tuple([text, text])

/** Throws (a bug, or another program's output) where the tree is not what verify.sh writes. */
export function readFindings(tree: Tree): Findings {
  const replaced = rows(tree, 'replaced', timeLine)[0]
  return {
    openssh: lines(tree, 'openssh')[0] ?? '',
    args: lines(tree, 'sshd-args'),
    localPort: Number(lines(tree, 'port')[0]),
    confirmed: new Map(rows(tree, 'confirmed', timeLine)),
    files: rows(tree, 'files', fileLine).map(
      ([path, change, before, wantedDigest, digest, wantedAccess, access, ...times]) => ({
        path,
        change,
        before,
        wantedDigest,
        digest,
        wantedAccess,
        access,
        ...touched(times),
      }),
    ),
    foreign: rows(tree, 'foreign', foreignLine).map(([path, was, digest, change, ...times]) => ({
      path,
      was,
      digest,
      change,
      ...touched(times),
    })),
    values: rows(tree, 'values', valueLine).map(([account, keyword, wanted, found, change, from]) => ({
      account,
      keyword,
      wanted,
      found,
      change,
      ...(from === '' ? {} : { from: originFrom(from) }),
    })),
    groups: new Map(
      rows(tree, 'accounts', groupsLine).map(([account, groups]) => [account, groups.split(',').filter(Boolean)]),
    ),
    refuses: lines(tree, 'refuses')[0] ?? '',
    ...(replaced ? { replaced: { path: replaced[0], since: replaced[1] } } : {}),
    commandLines: rows(tree, 'command-line', commandLine).map(([change, of, wanted, found]) => ({
      of,
      ...(wanted === '' ? {} : { wanted }),
      ...(found === '' ? {} : { found }),
      change,
    })),
    unreadUnit: lines(tree, 'unread-unit')[0] ?? '',
    behind: rows(tree, 'behind', behindLine).map(([what, running, files]) => {
      const [has, would] = [running.split(','), files.split(',')]
      return {
        what,
        more: has.filter((one) => !would.includes(one)),
        less: would.filter((one) => !has.includes(one)),
      }
    }),
    ...sunsetFrom(tree),
    packages: rows(tree, 'packages', packageLine).map(packageFrom),
    texts: [...tree]
      .filter(([path]) => path.startsWith('texts/'))
      .map(([path, content]) => ({ path: path.slice('texts'.length), content })),
  }
}

/** As it was put to `sshd -T -C`. */
function originFrom(text: string): Origin {
  const told = new Map(text.split(',').map((pair) => [pair.replace(/=.*/, ''), pair.replace(/^.*?=/, '')]))
  const [address, host, localAddress, port] = ['addr', 'host', 'laddr', 'lport'].map((key) => told.get(key))
  return {
    ...(address === undefined ? {} : { address }),
    ...(host === undefined ? {} : { host }),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(port === undefined ? {} : { localPort: Number(port) }),
  }
}

function sunsetFrom(tree: Tree): Pick<Findings, 'sunset'> {
  const [row] = rows(tree, 'sunset', z.tuple([time, text]))
  return row ? { sunset: { at: row[0], text: row[1] } } : {}
}

function touched([modified, changed, cloudInit]: readonly [number, number, number]): Touched {
  return { modified, changed, cloudInit }
}

function packageFrom([at, name, from, to]: z.infer<typeof packageLine>): PackageEvent {
  return { at, name, to, ...(from === '' || from === '<none>' ? {} : { from }) }
}
