import type { Config } from '../config/schema.ts'
import { type MetricsDependencies, type MetricsServer, serveMetrics } from '../control/metrics-server.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import type { Change } from './change.ts'
import { ServeError } from './serve-error.ts'

type Configured = Config['metrics']

/** The metrics server, which may move or come and go. */
export class MetricsKeeping {
  readonly #dependencies: MetricsDependencies
  #server: MetricsServer | undefined
  #address = ''

  constructor(dependencies: MetricsDependencies) {
    this.#dependencies = dependencies
  }

  /** @throws ServeError where the new address cannot be listened on */
  async prepare({ listen, path, allow }: Configured): Promise<Change> {
    const address = listen === undefined ? '' : formatEndpoint(listen)
    if (address === this.#address) {
      return { commit: () => this.#server?.apply({ path, allow }), discard: () => {} }
    }
    const server = listen && (await this.#open({ listen, path, allow }))
    return {
      commit: () => {
        void this.#server?.close()
        this.#server = server
        this.#address = address
      },
      discard: () => void server?.close(),
    }
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  async #open(options: Parameters<typeof serveMetrics>[0]): Promise<MetricsServer> {
    try {
      return await serveMetrics(options, this.#dependencies)
    } catch (error) {
      const address = formatEndpoint(options.listen)
      const text = `metrics.listen ${address}: ${(error as Error).message}`
      throw new ServeError('metrics_listen_failed', 69, text)
    }
  }
}
