/** The program as users have it: the files of the package, built afresh into a folder of its own, run as a process. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../source-config.js'

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string | undefined

/** Path of its bin/run.js. Built once a test process. */
export function program(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'bastionctl-built-'))
    folder = made
    process.on('exit', () => {
      rmSync(made, { recursive: true, force: true })
    })
    mkdirSync(join(made, 'bin'))
    for (const name of ['package.json', 'oclif.manifest.json', 'bin/run.js', 'templates']) {
      cpSync(join(root, name), join(made, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'))
    execFileSync(process.execPath, ['build.js', join(made, 'dist')], { cwd: root })
  }
  return join(folder, 'bin', 'run.js')
}

/** Runs it without a terminal, in an empty home, with nothing of AWS but what is given. */
export async function runProgram(
  argv: readonly string[],
  {
    env = {},
    node = [],
    into = {},
    from,
  }: {
    readonly env?: NodeJS.ProcessEnv
    readonly node?: readonly string[]
    /** Files that are to take what it writes. */
    readonly into?: { readonly stdout?: string; readonly stderr?: string }
    /** A file that it may read as its standard input. */
    readonly from?: string
  } = {},
): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), 'bastionctl-home-'))
  const written = [into.stdout, into.stderr].map((file) => (file === undefined ? undefined : openSync(file, 'w')))
  const [stdout = 'pipe', stderr = 'pipe'] = written
  const stdin = from === undefined ? undefined : openSync(from, 'r')
  const child = spawn(process.execPath, [...node, program(), ...argv], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: [stdin ?? 'ignore', stdout, stderr],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  for (const file of [stdin, ...written]) if (file !== undefined) closeSync(file)
  rmSync(home, { recursive: true, force: true })
  return { exitCode, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
}
