type Entry = [meaning: string, remedy: string];

const retry = 'Retry the order; what was paid for is reused.';
const byItself = 'Nothing: the service tries again until the deadline of the order.';
const operator = 'The operator has to act; the order goes on by itself afterwards, until its deadline.';
const otherLyric = 'Send another lyric, or order a new one.';

const unanswered = (name: string, id: string): Record<string, Entry> => ({
  [`${id}_NO_ANSWER`]: [`${name} broke off the call.`, byItself],
  [`${id}_TIMEOUT`]: [`${name} did not answer in time.`, byItself],
  [`${id}_UNREACHABLE`]: [`${name} cannot be reached.`, byItself],
});

/** What the three providers have in common. */
const provider = (name: string, id: string): Record<string, Entry> => ({
  ...unanswered(name, id),
  [`${id}_RATE_LIMITED`]: [`${name} is called too often.`, byItself],
  [`${id}_REFUSED`]: [`${name} refuses the request; \`detail\` says why.`, 'Correct what `detail` names, then retry.'],
  [`${id}_SERVER_ERROR`]: [`${name} failed.`, byItself],
  [`${id}_UNAUTHORIZED`]: [`${name} refuses our key.`, operator],
});

/** The `code` of what a stage waits for, or failed of. */
export const orderCodes: Record<string, Entry> = {
  ...provider('The language model', 'OPENAI'),
  OPENAI_CONTENT_FILTER: ["The language model's content filter stopped the lyric.", 'Change the brief, then retry.'],
  OPENAI_EMPTY: ['The language model answered nothing.', retry],
  OPENAI_FLAGGED: [
    'The moderation flags the brief or the lyric; `detail` names the categories.',
    'Change the brief or the lyric, then retry.',
  ],
  OPENAI_GARBAGE: ['The language model answered something that is not a lyric.', retry],
  OPENAI_NO_MODERATION: ['Moderation is switched on, and the language model has none.', operator],
  OPENAI_QUOTA_EXHAUSTED: ["The language model's quota is used up.", operator],
  OPENAI_REFUSED: ['The language model declines to write about this brief.', 'Change the brief, then retry.'],
  OPENAI_REJECTED: ['The language model rejects the request; `detail` says why.', operator],
  OPENAI_TRUNCATED: ['The language model stopped before the lyric was complete.', retry],
  OPENAI_WRONG_LANGUAGE: ['The language model wrote in another language than was ordered.', retry],

  ...provider('Suno', 'SUNO'),
  SUNO_CREATE_FAILED: ['Suno could not begin the song.', retry],
  SUNO_CREDITS_EXHAUSTED: ['The Suno credits are used up.', operator],
  SUNO_FAILED: ['Suno could not make the song.', retry],
  SUNO_GARBAGE: ['Suno answered something that is not its API.', byItself],
  SUNO_GENERATION_FAILED: ['Suno could not compose the song.', retry],
  SUNO_LIMIT_EXCEEDED: ['A limit of the Suno account is exceeded.', 'Wait, or have the limit raised; then retry.'],
  SUNO_MAINTENANCE: ['Suno is in maintenance.', byItself],
  SUNO_NOT_FOUND: ['Suno does not know the song any more.', retry],
  SUNO_NO_TRACKS: ['Suno made no track that can be used.', retry],
  SUNO_SENSITIVE_WORDS: ['Suno refuses words of the lyric.', otherLyric],
  SUNO_TOO_LONG: ['The lyric or the style is too long for Suno.', otherLyric],
  SONG_UNREADABLE: ["The length of the song's file cannot be read.", byItself],

  ...provider('Creatomate', 'CREATOMATE'),
  CREATOMATE_ASSET_UNREACHABLE: ['Creatomate could not fetch a photo or the song.', retry],
  CREATOMATE_CANCELLED: ['The render was cancelled at Creatomate.', retry],
  CREATOMATE_CREDITS_EXHAUSTED: ['The Creatomate credits are used up.', operator],
  CREATOMATE_GARBAGE: ['Creatomate answered something that is not its API.', byItself],
  CREATOMATE_NOT_FOUND: ['Creatomate does not know the template or the render.', 'Check the template, then retry.'],
  CREATOMATE_NO_FILE: ['The render succeeded without a file.', retry],
  CREATOMATE_RENDER_FAILED: ['Creatomate could not render the film; `detail` says why.', retry],
  IMAGE_MISSING: ['A photo of the order is no longer stored.', 'Upload the photos again, then order the film.'],
  SONG_NOT_STORED: ['The song could not be stored, so there is nothing to make a film of.', 'Order the song again.'],

  FILE_STALLED: ["The provider's file stopped arriving.", byItself],
  FILE_TOO_LARGE: ["The provider's file is larger than we take.", 'Order a shorter song or film.'],
  FILE_TRUNCATED: ["The provider's file ended before it was complete.", byItself],
  FILE_WRONG_TYPE: ["The provider's file is not of the type that it should be.", byItself],
  ...unanswered("The host of the provider's file", 'SOURCE'),
  SOURCE_GONE: ["The provider's file is not there.", retry],
  SOURCE_NOT_PUBLIC: ["The provider's file is not at an address of the public web.", operator],
  SOURCE_REFUSED: ['The provider refuses to hand out its file.', retry],
  SOURCE_UNAVAILABLE: ["The provider's file cannot be read at the moment.", byItself],
  ...unanswered('Our storage', 'STORAGE'),
  STORAGE_LEFTOVER: ['What an earlier copy left behind had to be removed first.', byItself],
  STORAGE_REFUSED: ['Our storage refuses the file.', operator],
  STORAGE_UNAUTHORIZED: ['Our storage refuses our account.', operator],

  CANCELLED: ['The order was cancelled.', 'Retry the order to go on from where it ended.'],
  DEADLINE_EXCEEDED: ['The stage was not finished before the deadline of the order.', retry],
  MESSAGE_REJECTED: ['A service could not handle a message of the order and set it aside as a dead letter.', operator],
  OUTCOME_UNKNOWN: [
    'A paid call was broken off, and nobody knows whether the provider took it. The same code, with 409, refuses a `run` that might pay twice.',
    'Retry, or order the stage alone; that may pay once more.',
  ],
  PROVIDER_LOST_JOB: ['The provider no longer knows the work that it had taken.', retry],
  PROVIDER_TOO_SLOW: ['The provider did not finish within its time limit.', retry],
  STAGE_TIMEOUT: ['The stage took longer than its time limit.', retry],
};
