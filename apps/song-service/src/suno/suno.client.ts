import { idIn, noAnswer, ProviderError, shortened } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { SongServiceConfig } from '../song-service.config.ts';
import { envelopeOf, garbage, NOT_FOUND, tooLong } from './suno-errors.ts';
import { modelNamed } from './suno-models.ts';
import { listed, stateOf, wordOf, type SunoJob, type SunoWord } from './suno-job.ts';
import type { SunoAlignedWords, SunoEnvelope, SunoRecord, SunoTaken } from './suno.types.ts';

export interface SongRequest {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
  durationSeconds: number;
  callbackUrl: string;
}

/** Suno through the sunoapi.org gateway. */
@Injectable()
export class SunoClient {
  private readonly redact: (text: string) => string;

  constructor(
    private readonly http: HttpService,
    private readonly config: SongServiceConfig,
  ) {
    this.redact = config.redactor();
  }

  /** Orders a song: two tracks. Costs credits. @throws ProviderError, `refused` when surely nothing was ordered */
  async submit(request: SongRequest): Promise<string> {
    const model = modelNamed(this.config.SUNO_MODEL);
    const lyrics = request.sections
      .map(({ label, lines }) => `[${capitalised(label)}]\n${lines.join('\n')}`)
      .join('\n\n');
    if (lyrics.length > model.maxLyrics) throw tooLong();
    const { data } = await this.call<SunoTaken>('POST', '/api/v1/generate', {
      customMode: true,
      instrumental: false,
      model: this.config.SUNO_MODEL,
      title: fitting(request.title, model.maxTitle),
      style: fitting(request.style, model.maxStyle),
      prompt: lyrics,
      ...(model.takesLyrics && { lyrics }),
      ...(model.takesDuration && { duration: request.durationSeconds }),
      callBackUrl: request.callbackUrl,
    });
    const jobId = idIn(data?.taskId ?? data?.task_id);
    if (!jobId) throw garbage();
    return jobId;
  }

  /** Undefined: Suno does not know the job, or does not yet. */
  async find(jobId: string): Promise<SunoJob | undefined> {
    const path = `/api/v1/generate/record-info?taskId=${encodeURIComponent(jobId)}`;
    const answer = await this.call<SunoRecord>('GET', path).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === NOT_FOUND) return undefined;
      throw error;
    });
    if (!answer) return undefined;
    const { data } = answer;
    const { param, status } = data ?? {};
    if (!data || typeof status !== 'string' || !status) throw garbage();
    return {
      echo: typeof param === 'string' ? param : JSON.stringify(param ?? ''),
      ...stateOf(status, data, this.redact),
    };
  }

  /** When each word of a track is sung; only words whose time is reliable. */
  async words(jobId: string, trackId: string): Promise<SunoWord[]> {
    const { data } = await this.call<SunoAlignedWords>('POST', '/api/v1/generate/get-timestamped-lyrics', {
      taskId: jobId,
      audioId: trackId,
    });
    return listed(data?.alignedWords).flatMap(wordOf);
  }

  private async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<SunoEnvelope<T>> {
    const response = await this.http.axiosRef
      .request<unknown>({
        method,
        url: this.config.SUNO_BASE_URL + path,
        data: body,
        headers: { authorization: `Bearer ${this.config.SUNO_API_KEY}` },
      })
      .catch((error: unknown) => {
        throw noAnswer('suno', error);
      });
    return envelopeOf<T>(response, this.redact);
  }
}

/** Suno's limits may count the halves of an emoji, so they are counted here. */
const fitting = (text: string, max: number): string => shortened(text, max, ({ length }) => length);

const capitalised = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);
