#!/usr/bin/env node
// The program from its sources, for development: no build, no manifest.
import { register } from 'tsx/esm/api'

register()
const { sourceConfig } = await import('../test/source-config.ts')
const { main } = await import('../src/cli/main.ts')
await main(await sourceConfig())
