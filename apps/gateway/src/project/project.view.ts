import { type Format, lengthMargin, stages as stageNames } from '@castad/contracts';
import { estimateIn } from '../estimate/estimate.dto.ts';
import type { Image } from '../image/image.entity.ts';
import type { Order } from '../order/order.entity.ts';
import type {
  AttemptView,
  ErrorView,
  FilmView,
  ImageView,
  PreviewView,
  ProjectStatus,
  ProjectSummaryView,
  ProjectView,
  StageView,
  WaitingView,
} from './project.dto.ts';
import type { Project } from './project.entity.ts';
import { Results } from './results.ts';
import {
  type LyricOutput,
  type Stage,
  stageOf,
  type StageStatus,
  type Step,
  type Waiting,
} from '../projection/stage.entity.ts';

export function imageView({ imageId, contentType, size }: Image): ImageView {
  return { id: imageId, assetId: imageId, contentType, size };
}

export function summaryView(
  project: Project,
  order: Order | undefined,
  stages: Stage[],
  images: Pick<Image, 'imageId'>[],
): ProjectSummaryView {
  const { taskId, revision, brief, language, externalId, metadata, createdAt } = project;
  const results = new Results(project, stages, idsOf(images));
  const error = order?.status === 'failed' ? errorOf(order, results) : undefined;
  return {
    id: taskId,
    taskId,
    status: statusOf(order),
    revision,
    businessName: brief.businessName,
    region: brief.region,
    language,
    ...(externalId && { externalId }),
    metadata: metadata ?? {},
    createdAt: createdAt.toISOString(),
    ...(error && { error }),
    ...(order && estimateIn(order)),
    stages: stageNames.map(name => stageView(name, results, order)),
  };
}

export function projectView(project: Project, order: Order | undefined, stages: Stage[], images: Image[]): ProjectView {
  const { brief, music, video } = project;
  const summary = summaryView(project, order, stages, images);
  const results = new Results(project, stages, idsOf(images));
  return {
    ...summary,
    stages: summary.stages.map(view => ({ ...view, ...detailsOf(view, results, order) })),
    ...(brief.description && { description: brief.description }),
    music,
    video,
    images: images.map(imageView),
  };
}

const idsOf = (images: Pick<Image, 'imageId'>[]): string[] => images.map(({ imageId }) => imageId);

function statusOf(order: Order | undefined): ProjectStatus {
  if (!order) return 'draft';
  if (order.isRunning()) return 'processing';
  if (order.status === 'failed' || order.status === 'cancelled') return order.status;
  return order.lastStage === 'video' ? 'completed' : 'waiting';
}

export function errorOf(order: Order, results: Results): ErrorView {
  const { revision, failedStage, errorCode, errorReason, retryable } = order;
  const made = failedStage ? results.attempts(order.stepAt(failedStage)) : [];
  const attempts = made.filter(attempt => attempt.revision === revision);
  const isCause = (film: Stage) => film.error?.code === errorCode && film.status() !== 'completed';
  const failed = attempts.length > 1 ? attempts.find(isCause) : attempts[0];
  const detail = failed?.error?.detail;
  return {
    code: errorCode ?? 'UNKNOWN',
    reason: errorReason ?? '',
    retryable: retryable ?? true,
    ...(detail && { detail }),
    ...(failed?.format && { format: failed.format }),
  };
}

export function stageView(name: Step, results: Results, order: Order | undefined): StageView {
  if (name === 'video' || name === 'preview') return filmsView(name, results, order);
  return { stage: name, ...standingOf(name, results, order) };
}

/** What a person has to know of several films comes first. */
const severity: StageStatus[] = ['running', 'failed', 'cancelled', 'pending', 'completed'];

/** The films, or previews, together, and each. */
function filmsView(name: 'video' | 'preview', results: Results, order: Order | undefined): StageView {
  const films = results.formats().map(format => ({
    format,
    ...standingOf(name, results, order, format),
    ...(name === 'video' && previewOf(format, results, order)),
  }));
  const status = severity.find(candidate => films.some(film => film.status === candidate)) ?? 'pending';
  const [first] = films;
  const begun = films.flatMap(({ startedAt }) => startedAt ?? []).sort();
  const ended = films.flatMap(({ endedAt }) => endedAt ?? []).sort();
  const waiting = films.find(film => film.waiting)?.waiting;
  const failed = status === 'failed' ? films.find(film => film.error) : undefined;
  const isAsked = films.some(({ revision }) => revision > 0);
  return {
    stage: 'video',
    status,
    revision: Math.max(...films.map(({ revision }) => revision)),
    ...(isAsked && { paid: films.some(({ paid }) => paid) }),
    ...(begun[0] && { startedAt: begun[0] }),
    ...(ended.length === films.length && { endedAt: ended.at(-1) }),
    ...(waiting && { waiting }),
    ...(failed?.error && { error: { ...failed.error, ...(films.length > 1 && { format: failed.format }) } }),
    ...(first?.result && { result: first.result }),
    stale: films.some(({ stale }) => stale),
    formats: films,
  };
}

function previewOf(format: Format, results: Results, order: Order | undefined): Pick<FilmView, 'preview'> {
  const isAsked = results.attempts('preview', format).length > 0;
  return isAsked ? { preview: standingOf('preview', results, order, format) } : {};
}

/** The newest attempt at a stage, or at the film or preview of one format, and which of its results counts. */
function standingOf(name: Step, results: Results, order: Order | undefined, format?: Format): PreviewView {
  const [newest] = results.attempts(name, format);
  if (!newest) return { status: 'pending', revision: 0, stale: false };
  const current = results.current(name, format);
  return {
    ...attemptView(newest, order, results),
    ...(current && { result: current.revision }),
    stale: !!current && results.isStale(current),
  };
}

export function attemptView(attempt: Stage, order: Order | undefined, results: Results): AttemptView {
  const { revision, startedAt, endedAt, paid } = attempt;
  const { status, error } = standing(attempt, order, results);
  const waiting = order?.revision === revision && order.isRunning() ? attempt.waitsFor() : undefined;
  return {
    status,
    revision,
    paid,
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(attempt.isOver() && endedAt && { endedAt: endedAt.toISOString() }),
    ...(waiting && { waiting: waitingView(waiting) }),
    ...(error && { error }),
  };
}

/** An order that has ended has no stage that runs, whatever is still to be heard of it. */
function standing(
  attempt: Stage,
  order: Order | undefined,
  results: Results,
): { status: StageStatus; error?: ErrorView } {
  const status = attempt.status();
  if (status === 'failed' && attempt.error) {
    // The stage before took this one with it: nothing of it was ever ordered.
    if (results.isAfterFailure(attempt)) return { status: 'cancelled' };
    const { code, reason, retryable, detail } = attempt.error;
    return { status, error: { code, reason, retryable, ...(detail && { detail }) } };
  }
  if (attempt.isOver() || order?.revision !== attempt.revision || order.isRunning()) return { status };
  return order.failedStage === stageOf(attempt.name)
    ? { status: 'failed', error: errorOf(order, results) }
    : { status: 'cancelled' };
}

function waitingView({ since, code = '', reason = '', detail }: Waiting): WaitingView {
  return { since, code, reason, ...(detail && { detail }) };
}

/** What counts of the stage, and everything there is to choose from. */
function detailsOf(
  { stage: name, formats }: StageView,
  results: Results,
  order: Order | undefined,
): Pick<StageView, 'output' | 'formats' | 'attempts'> {
  const current = results.current(name);
  const attempts = results.attempts(name).map(attempt => ({
    ...attemptView(attempt, order, results),
    ...(name === 'video' && { format: results.formatOf(attempt) }),
    stale: results.isStale(attempt),
  }));
  const films = formats?.map(film => {
    const output = results.current('video', film.format)?.output;
    return { ...film, ...(output && { output }) };
  });
  return {
    ...(films && { formats: films }),
    attempts,
    ...(current?.output && { output: outputOf(current, results) }),
  };
}

/** Without the provider's own addresses: files are fetched by our links. */
function outputOf(stage: Stage, results: Results): object {
  if (!stage.output || 'format' in stage.output) return stage.output ?? {};
  if (!('tracks' in stage.output)) return lyricOf(stage, stage.output, results);
  const { title, askedSeconds } = stage.output;
  const tracks = stage.storedTracks().map(({ url: _, ...track }) => track);
  const chosenTrackId = results.trackOf(stage);
  const note = lengthNote(tracks.find(({ trackId }) => trackId === chosenTrackId)?.durationSeconds, askedSeconds);
  return { title, tracks, chosenTrackId, ...(askedSeconds && { askedSeconds }), ...(note && { note }) };
}

function lyricOf(stage: Stage, { drafts, draftsAsked = 0 }: LyricOutput, results: Results): object {
  const words = results.wordsOf(stage);
  if (!drafts) return words;
  const missing = drafts.length < draftsAsked;
  const note = `Of the ${draftsAsked} drafts that were asked for, the model wrote ${drafts.length} that can be sung.`;
  return { ...words, draft: results.draftOf(stage), drafts, ...(missing && { note }) };
}

/** What a person should know of a song that misses the length that was asked for by more than the margin. */
function lengthNote(seconds = 0, asked = seconds): string | undefined {
  if (Math.abs(seconds - asked) <= lengthMargin(asked)) return undefined;
  const lengths = `${Math.round(seconds)} seconds long where ${asked} were asked for`;
  return seconds < asked
    ? `The song is only ${lengths}; its film is as short.`
    : `The song is ${lengths}; its film fades out near the asked length.`;
}
