import {
  type Format,
  RenderCalledBack,
  type RenderSubmitBegun,
  type RenderSubmitted,
  type Stage,
  type Track,
  TRACKS,
} from '@castad/contracts';
import { ProviderError, shortened } from '@castad/platform';
import { atMost, NotYet, PaidWorker, type Outcome, type Publish, type Reason } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { CreatomateClient } from '../creatomate/creatomate.client.ts';
import type { RenderScript } from '../creatomate/render-script.ts';
import { StorageClient, type AssetRef } from '../storage/storage.client.ts';
import { VideoServiceConfig } from '../video-service.config.ts';
import { compose } from './compose.ts';
import { misfitOf } from '../template/template-format.ts';
import { TemplateStore } from '../template/template.store.ts';
import { Video } from './video.entity.ts';

const NOT_STORED_MS = 1_000;
const MAX_DETAIL = 1_000;

/** Of a preview: a sixteenth of the pixels, which is what a render costs by, and captions that can be read. */
const PREVIEW_SCALE = 0.25;

@Injectable()
export class VideoWorker extends PaidWorker<Video, RenderScript> {
  constructor(
    private readonly creatomate: CreatomateClient,
    private readonly storage: StorageClient,
    private readonly templates: TemplateStore,
    private readonly config: VideoServiceConfig,
  ) {
    super(Video, {
      concurrency: config.VIDEO_CONCURRENCY,
      account: atMost('creatomate', config.CREATOMATE_CALLS_PER_10S, 10),
      pollMs: config.CREATOMATE_POLL_MS,
      graceMs: config.CREATOMATE_GRACE_MS,
      callbackTopic: RenderCalledBack.topic,
      limitMs: config.CREATOMATE_LIMIT_MS,
    });
  }

  protected override stageOf(): Stage {
    return 'video';
  }

  protected override formatOf({ format }: Video): Format {
    return format;
  }

  protected override isPreview({ preview }: Video): boolean {
    return preview;
  }

  protected async prepare(video: Video): Promise<RenderScript> {
    const files = await this.files(video);
    const template = await this.template(video);
    const script = compose(template, { ...files, ...video.cut(), brief: video.plan.brief });
    return video.preview ? { ...script, render_scale: PREVIEW_SCALE } : script;
  }

  protected submit({ taskId, token }: Video, script: RenderScript): Promise<string> {
    const callbackUrl = `${this.config.PUBLIC_URL}/callbacks/creatomate/${taskId}/${token}`;
    return this.creatomate.submit(script, callbackUrl, token as string);
  }

  protected submitBegun(video: Video): RenderSubmitBegun {
    return video.submitBegun();
  }

  protected submitTaken(saved: Video): RenderSubmitted {
    return saved.submitTaken();
  }

  protected isSameWork(video: Video, earlier: Video): boolean {
    return video.isSameWorkAs(earlier);
  }

  protected takeResult(video: Video, { url, posterUrl, durationSeconds }: Video, publish: Publish): void {
    if (url) publish(video.succeeded(url, posterUrl ?? undefined, durationSeconds ?? video.cut().durationSeconds));
  }

  protected async poll(video: Video, jobId: string): Promise<Outcome<Video> | undefined | null> {
    const { jobIdConfirmed, token } = video;
    await this.permitted(video);
    const render = await this.creatomate.find(jobId);
    if (!render || (!jobIdConfirmed && render.metadata !== token)) return null;
    if (render.state === 'running') return undefined;
    if (render.state === 'failed') return this.renderFailed(video, render.failure);
    const { url, posterUrl, durationSeconds = video.cut().durationSeconds } = render;
    return { record: (saved, publish) => publish(saved.succeeded(url, posterUrl, durationSeconds)) };
  }

  private renderFailed(video: Video, failure: Reason): Outcome<Video> {
    const { code, detail } = failure;
    this.logger.warn({ taskId: video.taskId, jobId: video.jobId, code, detail }, 'the render failed');
    return this.jobFailed(video, failure);
  }

  protected fail(saved: Video, reason: Reason, publish: Publish): void {
    publish(saved.failed(reason));
  }

  private async template({ plan: { video } }: Video): Promise<RenderScript> {
    const id = video.template ?? this.config.templateFor(video.format);
    if (!id) throw refused('TEMPLATE_MISSING', `No video template is configured for the format ${video.format}.`);
    const template = await this.templates.get(id);
    const misfit = misfitOf(template, video.format);
    if (misfit) throw refused(misfit.code, misfit.reason);
    return template;
  }

  private async files(video: Video): Promise<{ songUrl: string; photoUrls: string[] }> {
    const { taskId, songRevision, track, plan } = video;
    const songs = video
      .candidates()
      .map(({ trackId }): AssetRef => ({ revision: songRevision, kind: 'song', ref: TRACKS, name: trackId }));
    const photos = plan.imageIds.map((ref): AssetRef => ({ revision: 0, kind: 'image', ref }));
    const { links, missing, failed } = await this.storage.links(taskId, [...songs, ...photos]);
    if (missing.some(({ kind }) => kind === 'image'))
      throw refused('IMAGE_MISSING', 'A photo of this order is no longer there.');
    const songUrl = (candidate: Track) =>
      links.find(({ kind, name }) => kind === 'song' && name === candidate.trackId)?.url;
    const photoUrl = ({ ref }: AssetRef) =>
      links.find(link => link.kind === 'image' && link.ref === ref)?.url as string;
    const url = songUrl(track);
    if (url) return { songUrl: url, photoUrls: photos.map(photoUrl) };
    if (missing.length > 0) throw new NotYet(NOT_STORED_MS);
    const other = video.candidates().find(songUrl);
    if (!other) throw refused('SONG_NOT_STORED', 'The song could not be stored.', failed[0] && wordsOf(failed[0]));
    this.logger.warn({ taskId, trackId: other.trackId }, 'the film is made of another track: the chosen one is lost');
    throw new NotYet<Video>(0, saved => {
      saved.track = other;
    });
  }
}

const wordsOf = ({ code, reason }: { code: string; reason: string }) => shortened(`${code}: ${reason}`, MAX_DETAIL);

const refused = (code: string, message: string, detail?: string) =>
  new ProviderError(code, message, { refused: true, detail });
