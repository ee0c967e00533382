import type { VideoPlan } from '@castad/contracts';
import { Conflict, toError, Unavailable } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import { TemplateClient, type TemplateFault } from './template.client.ts';

const KNOWN_MS = 60_000;
/** Not asked for each order while nobody answers. */
const UNKNOWN_MS = 2_000;
const MAX_KNOWN = 1_000;

interface Verdict {
  until: number;
  /** Nobody could say. */
  isUnknown?: boolean;
  fault?: TemplateFault;
}

/** An order needs a verdict that is not here. */
class NotAsked extends Error {
  constructor(readonly video: VideoPlan) {
    super('the template was not asked for');
  }
}

/** What video-service says of templates, kept for a while. */
@Injectable()
export class Templates {
  private readonly logger = new Logger(Templates.name);
  private readonly known = new Map<string, Verdict>();
  private readonly asking = new Map<string, Promise<void>>();

  constructor(private readonly client: TemplateClient) {}

  /**
   * Runs a transaction that may place an order. When it needs a verdict that is not here, it is rolled back, the
   * verdict is asked for, and it runs once more: no transaction waits for another service.
   */
  async checked<T>(transaction: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await transaction();
      } catch (error) {
        if (!(error instanceof NotAsked)) throw error;
        await this.ask(error.video);
      }
    }
  }

  /**
   * Within `checked`. A template of the client's own must be known to be usable; the configured one, which its operator
   * is told of, must not be known to be unusable.
   * @throws Conflict with the fault's code; Unavailable `TEMPLATE_UNCHECKED`
   */
  assertUsable(video: VideoPlan): void {
    const verdict = this.known.get(keyOf(video));
    if (!verdict || verdict.until <= Date.now()) throw new NotAsked(video);
    if (verdict.fault) throw new Conflict(verdict.fault.code, textOf(verdict.fault));
    if (verdict.isUnknown && video.template)
      throw new Unavailable('TEMPLATE_UNCHECKED', 'Nobody can say now whether this template can be used. Try again.');
  }

  private ask(video: VideoPlan): Promise<void> {
    const key = keyOf(video);
    const asking =
      this.asking.get(key) ??
      this.verdictOn(video)
        .then(verdict => this.learn(key, verdict))
        .finally(() => this.asking.delete(key));
    this.asking.set(key, asking);
    return asking;
  }

  private async verdictOn(video: VideoPlan): Promise<Verdict> {
    try {
      const fault = await this.client.faultOf(video);
      return { until: Date.now() + KNOWN_MS, fault };
    } catch (error) {
      this.logger.warn({ ...video, error: toError(error).message }, 'a template could not be checked');
      return { until: Date.now() + UNKNOWN_MS, isUnknown: true };
    }
  }

  private learn(key: string, verdict: Verdict): void {
    this.known.delete(key);
    this.known.set(key, verdict);
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > MAX_KNOWN) this.known.delete(oldest);
  }
}

const keyOf = ({ format, template = '' }: VideoPlan): string => `${format} ${template}`;

const textOf = ({ reason, detail }: TemplateFault): string => (detail ? `${reason} (${detail})` : reason);
