/** What a host can be besides a stock Debian: files and units of another system or setup, laid over the image in the host's seed. */

import { rm } from 'node:fs/promises'
import path from 'node:path'

import type { Release } from '../types.js'
import { must } from './run.js'

export interface Layout {
  /** Debian whose programs come nearest to the ones that the layout stands for. */
  readonly release: Release
  /** Whether the TOTP module is installed unless the host says otherwise; undefined: as on other hosts. */
  readonly factor?: boolean
  /** os-release values, as Systems Manager reports them. */
  readonly platformName?: string
  readonly platformVersion?: string
}

/** A folder of recipe/layouts each: `lay.sh`, run inside the root, after `files` were copied there. */
export const LAYOUTS = {
  // RHEL 9's sshd is 8.7. 9.2 has the same keywords (8.7 made ChallengeResponseAuthentication an alias), bullseye's 8.4 has not.
  rhel9: { release: 'bookworm', factor: false, platformName: 'Red Hat Enterprise Linux', platformVersion: '9.4' },
  // ssh.socket as Ubuntu 24.04 has it: OpenSSH 9.6, whose nearest is 10.0.
  socket: { release: 'trixie' },
  // EC2 Instance Connect on Ubuntu.
  'daemon-options': { release: 'bookworm' },
  // RHEL 8's sshd is 8.0, with the newer algorithms put back into it: 8.4 knows all of its policy.
  'crypto-command-line': { release: 'bullseye' },
  'cloud-init': { release: 'bookworm' },
} as const satisfies Readonly<Record<string, Layout>>

export type LayoutName = keyof typeof LAYOUTS

export const isLayout = (name: string): name is LayoutName => Object.hasOwn(LAYOUTS, name)

const recipe = path.join(import.meta.dirname, 'recipe')

/** Lays it into a seed. @param lower the layers below the seed, topmost first. @throws LabError */
export async function lay(name: LayoutName, seed: string, lower: readonly string[]): Promise<void> {
  const folder = path.join(recipe, 'layouts', name)
  await must('unshare', ['--mount', 'sh', path.join(recipe, 'lay.sh'), lower.join(':'), seed, folder])
  for (const dir of ['root', 'work']) await rm(`${seed}.${dir}`, { recursive: true, force: true })
}
