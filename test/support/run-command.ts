/** Runs a command in this process, over a fake engine, as oclif would. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { captureOutput } from '@oclif/test'
import { main } from '../../src/cli/main.js'
import { useWiring } from '../../src/cli/wiring.js'
import type { SshSettings } from '../../src/fleet/ssh/index.js'
import type { Engine } from '../../src/engine/api.js'
import type { Objects } from '../../src/fleet/s3-objects.js'
import type { Inventory, SafetySessions, Transport } from '../../src/engine/ports.js'
import { sourceConfig } from '../source-config.js'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** stdout as JSON. */
  readonly json: unknown
}

/** A machine of its own: a data folder, a region, and an engine of which only what is given may be called. */
export class Bench {
  readonly home = mkdtempSync(join(tmpdir(), 'bastionctl-test-'))
  readonly sessions: SshSettings[] = []
  region = 'eu-test-1'
  endpoint: string | undefined
  /** What S3 holds. */
  objects: Objects = {
    list: () => Promise.reject(new Error('S3 was asked')),
    read: () => Promise.reject(new Error('S3 was asked')),
  }

  async run(argv: readonly string[], engine: Partial<Engine> = {}): Promise<Ran> {
    const before = { ...process.env }
    process.env['XDG_DATA_HOME'] = this.home
    const restore = useWiring({
      engine: () => Promise.resolve(onlyGiven(engine)),
      fleet: ({ onCall }) => {
        onCall('DescribeInstances')
        return Promise.resolve({
          inventory: {} as Inventory,
          transport: {} as Transport,
          region: this.region,
          ...(this.endpoint !== undefined && { endpoint: this.endpoint }),
        })
      },
      objects: () => Promise.resolve(this.objects),
      sessions: (settings) => {
        this.sessions.push(settings)
        return Promise.resolve({} as SafetySessions)
      },
    })
    try {
      const config = await sourceConfig()
      process.exitCode = 0
      const { stdout, stderr, error } = await captureOutput(() => main(config, [...argv]))
      if (error !== undefined) throw error
      const exitCode = process.exitCode
      return {
        stdout,
        stderr,
        exitCode,
        get json() {
          return JSON.parse(stdout) as unknown
        },
      }
    } finally {
      restore()
      process.exitCode = 0
      process.env = before
    }
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

function onlyGiven(engine: Partial<Engine>): Engine {
  return new Proxy(engine as Engine, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name)
      // A promise is asked for "then" wherever it is awaited.
      if (found === undefined && name !== 'then') throw new Error(`the engine was asked for ${String(name)}`)
      return found
    },
  })
}
