import { writeFileSync } from 'node:fs'
import { configurationPage, configurationSchemaText } from '../src/config/documentation.ts'

// Writes what is generated from the configuration's schema. A unit test fails while these files differ from it.
const docs = new URL('../docs/', import.meta.url)
writeFileSync(new URL('configuration.md', docs), configurationPage())
writeFileSync(new URL('config.schema.json', docs), configurationSchemaText())
