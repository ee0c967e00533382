import type { Job, Track } from './job.ts';

export type CallbackType = 'text' | 'first' | 'complete' | 'error';

const urlsOf = (job: Job, track: Track) => {
  const media = `${job.origin}/media`;
  return {
    audio: isReady(job, track) ? `${media}/${track.id}.mp3` : '',
    sourceAudio: isReady(job, track) ? `${media}/source-${track.id}.mp3` : '',
    stream: `${media}/${track.id}`,
    sourceStream: `${media}/source-${track.id}`,
    image: `${media}/${track.id}.jpeg`,
    sourceImage: `${media}/source-${track.id}.jpeg`,
  };
};

/** Whether the file of a track can be downloaded by now. */
export function isReady(job: Job, track: Track): boolean {
  if (!track.isUsable) return false;
  if (job.status === 'FIRST_SUCCESS') return track.take === 0;
  return job.status === 'SUCCESS' || job.status === 'CALLBACK_EXCEPTION';
}

const hasTracks = (job: Job) => job.status !== 'PENDING' && job.errorCode === null;

/** The answer of `record-info`, in camelCase but for an oddity. */
export function record(job: Job, isSnakeCase = false) {
  return {
    taskId: job.id,
    parentMusicId: '',
    param: job.raw,
    response: hasTracks(job) ? { taskId: job.id, sunoData: recordTracks(job, isSnakeCase) } : null,
    status: job.status,
    type: 'GENERATE',
    operationType: 'generate',
    errorCode: job.errorCode,
    errorMessage: job.errorMessage,
    createTime: job.createTime,
  };
}

/** As many, and changed so, as a fault wants them. */
function recordTracks(job: Job, isSnakeCase: boolean): object[] {
  const all = job.tracks.map(track => (isSnakeCase ? callbackTrack(job, track) : recordTrack(job, track)));
  const wish = job.faults.find(fault => fault.kind === 'tracks')?.body;
  return Array.isArray(wish) ? wish.map((changes: object, index) => ({ ...all[index], ...changes })) : all;
}

function recordTrack(job: Job, track: Track) {
  const urls = urlsOf(job, track);
  return {
    id: track.id,
    audioUrl: urls.audio,
    sourceAudioUrl: urls.sourceAudio,
    streamAudioUrl: urls.stream,
    sourceStreamAudioUrl: urls.sourceStream,
    imageUrl: urls.image,
    sourceImageUrl: urls.sourceImage,
    prompt: job.request.lyrics,
    modelName: modelName(job),
    title: job.request.title,
    tags: job.request.style,
    createTime: job.createTime,
    ...(isReady(job, track) && { duration: track.duration }),
  };
}

/** The body of a callback, in snake_case but for `createTime` and oddities. */
export function announcement(job: Job, type: CallbackType) {
  const messages: Record<CallbackType, string> = {
    text: 'Text generated successfully.',
    first: 'First audio generated successfully.',
    complete: 'All generated successfully.',
    error: job.errorMessage ?? 'Generation failed.',
  };
  const isCamelCase = job.faults.some(fault => fault.kind === 'other-case');
  return {
    code: job.errorCode ?? 200,
    msg: messages[type],
    data: {
      callbackType: type,
      ...(isCamelCase ? { taskId: job.id } : { task_id: job.id }),
      data: type === 'error' ? null : job.tracks.map(track => callbackTrack(job, track)),
    },
  };
}

function callbackTrack(job: Job, track: Track) {
  const urls = urlsOf(job, track);
  return {
    id: track.id,
    audio_url: urls.audio,
    source_audio_url: urls.sourceAudio,
    stream_audio_url: urls.stream,
    source_stream_audio_url: urls.sourceStream,
    image_url: urls.image,
    source_image_url: urls.sourceImage,
    prompt: job.request.lyrics,
    model_name: modelName(job),
    title: job.request.title,
    tags: job.request.style,
    createTime: job.createTime,
    ...(isReady(job, track) && { duration: track.duration }),
  };
}

const modelName = (job: Job) => `chirp-${job.request.model.toLowerCase()}`;
