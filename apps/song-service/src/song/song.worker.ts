import type { Track } from '@castad/contracts';
import { ProviderError } from '@castad/platform';
import { atMost, PaidWorker, type Outcome, type Publish, type Reason } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { SongServiceConfig } from '../song-service.config.ts';
import { SunoClient, type SunoWord } from '../suno/suno.client.ts';
import { timedLines } from './timed-lines.ts';
import { Song } from './song.entity.ts';

const MAX_WORDS_TRIES = 3;

@Injectable()
export class SongWorker extends PaidWorker<Song> {
  constructor(
    private readonly suno: SunoClient,
    private readonly config: SongServiceConfig,
  ) {
    super(Song, {
      concurrency: config.SONG_CONCURRENCY,
      rate: atMost('suno', config.SUNO_CALLS_PER_10S, 10),
      pollMs: config.SUNO_POLL_MS,
      graceMs: config.SUNO_GRACE_MS,
      limitMs: config.SUNO_LIMIT_MS,
    });
  }

  protected override calls({ status, jobId }: Song): number {
    return status !== 'ordered' && jobId ? 2 : 1; // the job, and the words of its track
  }

  protected submit({ lyric, style, plan, token }: Song): Promise<string> {
    return this.suno.submit({
      title: lyric.title,
      style,
      sections: lyric.sections,
      durationSeconds: plan.music.durationSeconds,
      callbackUrl: `${this.config.PUBLIC_URL}/callbacks/suno/${token}`,
    });
  }

  protected async poll(song: Song, jobId: string): Promise<Outcome<Song> | undefined | null> {
    const job = await this.suno.find(jobId);
    if (!song.jobIdConfirmed && !job?.echo.includes(song.token as string)) return null;
    if (!job || job.state === 'running') return undefined;
    if (job.state === 'failed') return this.ending(job.failure);
    const [chosen, ...others] = job.tracks;
    const words = await this.words(song, jobId, chosen.trackId);
    const lines = timedLines(
      song.lyric.sections.flatMap(section => section.lines),
      words,
      chosen.durationSeconds,
    );
    const tracks: Track[] = [{ ...chosen, lines }, ...others];
    return { record: (saved, publish) => publish(saved.ready(tracks, chosen.trackId)) };
  }

  protected fail(saved: Song, reason: Reason, publish: Publish): void {
    publish(saved.failed(reason));
  }

  /** A song whose words have no times is worth more than none: they are asked for a few times, then done without. */
  private words({ tries }: Song, jobId: string, trackId: string): Promise<SunoWord[]> {
    return this.suno.words(jobId, trackId).catch((error: unknown) => {
      if (!(error instanceof ProviderError)) throw error;
      if ((error.retriable || error.account) && tries < MAX_WORDS_TRIES) throw error;
      return [];
    });
  }
}
