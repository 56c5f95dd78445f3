import { writeFileSync } from 'node:fs'
import { configurationPage, configurationSchemaText } from '../src/config/documentation.ts'
import { metricsPage } from '../src/telemetry/documentation.ts'

// Writes what is generated from the configuration's schema and the catalogue of metrics. Unit tests fail while these files
// differ from them.
const docs = new URL('../docs/', import.meta.url)
writeFileSync(new URL('configuration.md', docs), configurationPage())
writeFileSync(new URL('config.schema.json', docs), configurationSchemaText())
writeFileSync(new URL('metrics.md', docs), metricsPage())
