import {
  SongCalledBack,
  sung,
  type SongSubmitBegun,
  type SongSubmitted,
  type Stage,
  type Track,
} from '@castad/contracts';
import { ProviderError, toError } from '@castad/platform';
import { atMost, NotYet, PaidWorker, type Outcome, type Publish, type Reason } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { SongServiceConfig } from '../song-service.config.ts';
import { SunoClient, type SongRequest } from '../suno/suno.client.ts';
import { GENERATION_FAILED, type SunoFile, type SunoWord } from '../suno/suno-job.ts';
import { timedLines } from './timed-lines.ts';
import { Song } from './song.entity.ts';
import { TrackMeter } from './track-meter.ts';

const MAX_WORDS_TRIES = 3;

/** As many as a track can carry. */
const MAX_LINES = 500;

@Injectable()
export class SongWorker extends PaidWorker<Song, SongRequest> {
  constructor(
    private readonly suno: SunoClient,
    private readonly meter: TrackMeter,
    private readonly config: SongServiceConfig,
  ) {
    super(Song, {
      concurrency: config.SONG_CONCURRENCY,
      account: atMost('suno', config.SUNO_CALLS_PER_10S, 10),
      pollMs: config.SUNO_POLL_MS,
      graceMs: config.SUNO_GRACE_MS,
      callbackTopic: SongCalledBack.topic,
      limitMs: config.SUNO_LIMIT_MS,
    });
  }

  protected override stageOf(): Stage {
    return 'song';
  }

  protected prepare({ taskId, lyric, plan, token }: Song): SongRequest {
    return {
      title: lyric.title,
      style: lyric.style,
      sections: sung(lyric.sections),
      durationSeconds: plan.music.durationSeconds,
      callbackUrl: `${this.config.PUBLIC_URL}/callbacks/suno/${taskId}/${token}`,
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

  protected async poll(song: Song, jobId: string, now: Date): Promise<Outcome<Song> | undefined | null> {
    const tracks = song.tracks ?? (await this.made(song, jobId, now));
    return Array.isArray(tracks) ? this.read(song, jobId, tracks) : tracks;
  }

  /** What Suno could not compose may work once more; it is paid for again, so never a third time. */
  protected override mayOrderAnew(song: Song, reason: Reason): boolean {
    const isSecond = this.config.SUNO_SECOND_TRY === 'on' && reason.code === GENERATION_FAILED && !song.failedJobId;
    return isSecond || super.mayOrderAnew(song, reason);
  }

  protected override orderAnew(saved: Song): void {
    saved.failedJobId = saved.jobId;
    super.orderAnew(saved);
  }

  protected fail(saved: Song, reason: Reason, publish: Publish): void {
    publish(saved.failed(reason));
  }

  /** The tracks, where there are some. */
  private async made(song: Song, jobId: string, now: Date): Promise<Track[] | Outcome<Song> | undefined | null> {
    await this.permitted(song);
    const job = await this.suno.find(jobId);
    if (!job || (!song.jobIdConfirmed && !job.echo.includes(song.token as string))) return null;
    if (job.state === 'running') return undefined;
    if (job.state === 'done') return this.measured(job.tracks);
    // What stalled may still come until the provider's limit.
    if (job.state === 'stalled' && !this.isOverdue(song, now)) throw mayStillCome(job.failure);
    return this.jobFailed(song, job.failure);
  }

  /** Only what has a length can be offered; one bad track of two costs only itself. */
  private async measured(files: SunoFile[]): Promise<[Measured, ...Measured[]]> {
    const tried = await Promise.all(files.map(file => this.withLength(file).catch(toError)));
    const [first, ...others] = tried.filter((one): one is Measured => !(one instanceof Error));
    if (!first) throw tried[0] as Error;
    return [first, ...others];
  }

  private async withLength({ durationSeconds, ...file }: SunoFile): Promise<Measured> {
    return { ...file, durationSeconds: durationSeconds ?? (await this.meter.secondsOf(file.url)) };
  }

  /** When the lines of each track are sung. Where no more calls can be made for now, it goes on from here later. */
  private async read(song: Song, jobId: string, tracks: Track[]): Promise<Outcome<Song>> {
    const timed: Track[] = [];
    try {
      for (const track of tracks) timed.push(track.lines ? track : await this.timed(song, jobId, track));
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      const left = [...timed, ...tracks.slice(timed.length)];
      return { record: saved => (saved.tracks = left), dueInMs: error.lookAgainMs };
    }
    const [chosen] = timed as [Track];
    return { record: (saved, publish) => publish(saved.ready(timed, chosen.trackId)) };
  }

  private async timed(song: Song, jobId: string, track: Track): Promise<Track> {
    await this.permitted(song);
    const lines = sung(song.lyric.sections).flatMap(section => section.lines);
    const words = await this.words(song, jobId, track.trackId);
    return { ...track, lines: timedLines(lines, words, track.durationSeconds).slice(0, MAX_LINES) };
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

type Measured = Required<SunoFile>;

const mayStillCome = ({ code, reason, detail }: Reason) => new ProviderError(code, reason, { retriable: true, detail });
