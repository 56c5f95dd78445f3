import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { type Subject, type Surroundings, startSubject } from './subject.ts'

const SOURCE = join(import.meta.dirname, '..', 'baseline', 'relay.c')

/** The bare relay, compiled into the run's folder. @throws where there is no C compiler */
export async function startRelay({ folder, dataCentrePort, domain }: Surroundings): Promise<Subject> {
  const program = join(folder, 'relay')
  execFileSync('cc', ['-O2', '-o', program, SOURCE], { stdio: ['ignore', 'inherit', 'inherit'] })
  const port = await freePort()
  const target = { port, secret: undefined, domain }
  return startSubject('relay', program, [String(port), String(dataCentrePort)], target)
}
