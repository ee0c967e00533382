import { Database, Lifecycle, toError } from '@castad/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';

const KEEP_DAYS = 30;
const EVERY_MS = 60 * 60 * 1000;
const CHUNK = 5_000;

/** Forgets handled messages after 30 days; what is repeated later, the rows' keys and deadlines absorb. */
@Injectable()
export class InboxRetention implements OnApplicationBootstrap {
  private readonly logger = new Logger(InboxRetention.name);
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    lifecycle: Lifecycle,
  ) {
    lifecycle.onDrain('workers', async () => clearInterval(this.timer));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.purge(), EVERY_MS);
  }

  private async purge(): Promise<void> {
    try {
      for (let deleted = CHUNK; deleted === CHUNK;) {
        const result = await this.database.read('background', em =>
          em
            .getConnection()
            .execute<{ affectedRows: number }>(
              'delete from inbox where handled_at < now(3) - interval ? day limit ?',
              [KEEP_DAYS, CHUNK],
              'run',
            ),
        );
        deleted = result.affectedRows;
      }
    } catch (error) {
      this.logger.warn({ error: toError(error).message }, 'the inbox could not be shortened; next try in an hour');
    }
  }
}
