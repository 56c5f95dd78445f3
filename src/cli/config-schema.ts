import { configurationSchemaText } from '../config/documentation.ts'
import { EXIT } from './exit-codes.ts'
import type { Surroundings } from './surroundings.ts'

/** `portico config schema` */
export function configSchema({ stdout }: Pick<Surroundings, 'stdout'>): number {
  stdout.write(configurationSchemaText())
  return EXIT.ok
}
