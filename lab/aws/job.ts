/** A command as the agent lays it out on a host (amazon-ssm-agent 3.3). */

import type { LabHost } from '../types.js'
import type { Job } from './executor.js'

export const SCRIPT_NAME = '_script.sh'
const PLUGIN = 'awsrunShellScript'

export interface Ordered {
  readonly id: string
  readonly commands: readonly string[]
  readonly workingDirectory: string
}

export function jobFor(host: LabHost, command: Ordered, region: string): Job {
  return {
    commandId: command.id,
    folder: `/var/lib/amazon/ssm/${host.id}/document/orchestration/${command.id}/${PLUGIN}/0.${PLUGIN}`,
    // pluginutil.CreateScriptFile: joined by newlines, one at the end.
    script: `${command.commands.join('\n')}\n`,
    env: {
      AWS_SSM_INSTANCE_ID: host.id,
      AWS_SSM_REGION_NAME: region,
      AWS_SSM_PLATFORM_NAME: host.platformName,
      AWS_SSM_PLATFORM_VERSION: host.platformVersion,
      SSM_COMMAND_ID: command.id,
    },
    cwd: command.workingDirectory.startsWith('/') ? command.workingDirectory : '/',
  }
}
