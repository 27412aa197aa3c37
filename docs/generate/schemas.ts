import * as z from 'zod'
import { configShape } from '../../src/cli/config-file.js'
import { usersShape } from '../../src/cli/users-file.js'
import { planFile } from '../../src/domain/plan-schema.js'
import { outputSchemas } from './output-schemas.js'

/** docs/schemas/: bastionctl.yml, the file of sync-users, the plan file, and what each command prints under --json, as JSON Schema. */
export function schemaFiles(): readonly (readonly [string, string])[] {
  return Object.entries({ ...outputSchemas, plan: planFile, config: configShape, 'users-file': usersShape }).map(
    ([name, schema]) => {
      const json = { title: `bastionctl ${name}`, ...z.toJSONSchema(schema, { reused: 'ref' }) }
      return [`docs/schemas/${name}.json`, `${JSON.stringify(json, null, 2)}\n`] as const
    },
  )
}
