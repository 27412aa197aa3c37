/** The environment in which AWS clients, and bastionctl with them, talk to the lab. */

import { dataDir, labDir } from './hosts/places.js'
import type { LabState } from './types.js'

/** @throws nothing; without an endpoint there is no AWS_ENDPOINT_URL. */
export function labVariables(state: LabState): Record<string, string> {
  return {
    ...(state.endpoint === undefined ? {} : { AWS_ENDPOINT_URL: state.endpoint }),
    AWS_REGION: state.region,
    AWS_ACCESS_KEY_ID: 'AKIALABOPERATOR00000',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_EC2_METADATA_DISABLED: 'true',
    BASTIONCTL_LAB: labDir(),
    BASTIONCTL_LAB_NET: state.gateway.replace(/\.\d+$/, ''),
    BASTIONCTL_LAB_KEY: state.sshKey,
  }
}

/**
 * Lines for eval. A profile of the person's own would win over the keys (AWS SDK for JavaScript), so it goes. Records of runs stay with the lab:
 * instances of all labs have the same ids.
 */
export const labEnv = (state: LabState): string =>
  [
    'unset AWS_PROFILE AWS_SESSION_TOKEN',
    ...Object.entries({ ...labVariables(state), XDG_DATA_HOME: dataDir() }).map(
      ([name, value]) => `export ${name}=${quote(value)}`,
    ),
  ].join('\n')

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
