import type { SongSubmitBegun, SongSubmitted, Track } from '@castad/contracts';
import { ProviderError } from '@castad/platform';
import { atMost, isTakenOver, PaidWorker, type Outcome, type Publish, type Reason } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { SongServiceConfig } from '../song-service.config.ts';
import { SunoClient, type SongRequest, type SunoWord } from '../suno/suno.client.ts';
import { timedLines } from './timed-lines.ts';
import { Song } from './song.entity.ts';

const MAX_WORDS_TRIES = 3;

/** A job, and the words of its two tracks. */
const CALLS_TO_READ = 3;

const LOST: Reason = { code: 'SUNO_NOT_FOUND', reason: 'Suno does not know the song any more.', retryable: true };

@Injectable()
export class SongWorker extends PaidWorker<Song, SongRequest> {
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
    return status !== 'ordered' && jobId ? CALLS_TO_READ : 1;
  }

  protected prepare({ lyric, style, plan, token }: Song): SongRequest {
    return {
      title: lyric.title,
      style,
      sections: lyric.sections,
      durationSeconds: plan.music.durationSeconds,
      callbackUrl: `${this.config.PUBLIC_URL}/callbacks/suno/${token}`,
    };
  }

  protected submit(_song: Song, request: SongRequest): Promise<string> {
    return this.suno.submit(request);
  }

  protected submitBegun(song: Song): SongSubmitBegun {
    return song.submitBegun();
  }

  protected submitTaken(saved: Song): SongSubmitted {
    return saved.submitTaken();
  }

  protected isSameWork(song: Song, earlier: Song): boolean {
    return song.isSameWorkAs(earlier);
  }

  protected takeResult(song: Song, { tracks, chosenTrackId }: Song, publish: Publish): void {
    if (tracks && chosenTrackId) publish(song.ready(tracks, chosenTrackId));
  }

  protected async poll(song: Song, jobId: string): Promise<Outcome<Song> | undefined | null> {
    const job = await this.suno.find(jobId);
    if (!song.jobIdConfirmed && !job?.echo.includes(song.token as string)) return null;
    if (!job && isTakenOver(song)) return this.jobFailed(song, LOST);
    if (!job || job.state === 'running') return undefined;
    if (job.state === 'failed') return this.jobFailed(song, job.failure);
    const sung = song.lyric.sections.flatMap(section => section.lines);
    const tracks: Track[] = [];
    for (const track of job.tracks) {
      const words = await this.words(song, jobId, track.trackId);
      tracks.push({ ...track, lines: timedLines(sung, words, track.durationSeconds) });
    }
    const [chosen] = job.tracks;
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
