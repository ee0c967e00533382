import { stringOr, type Json } from '../stand-in/call.ts';

/** What a song is made from. */
export interface SongRequest {
  model: string;
  callBackUrl: string;
  isInstrumental: boolean;
  lyrics: string;
  title: string;
  style: string;
  duration: number | undefined;
}

export interface Refusal {
  code: number;
  msg: string;
}

const models = ['V6', 'V6_WILD', 'V6_MINI', 'V5_5', 'V5', 'V4_5PLUS', 'V4_5ALL', 'V4_5', 'V4'];
const modelsWithDuration = models.slice(0, 4);

const fieldTypes: Record<string, string> = {
  customMode: 'boolean',
  instrumental: 'boolean',
  model: 'string',
  callBackUrl: 'string',
  prompt: 'string',
  lyrics: 'string',
  style: 'string',
  title: 'string',
  negativeTags: 'string',
  vocalGender: 'string',
  styleWeight: 'number',
  weirdnessConstraint: 'number',
  audioWeight: 'number',
  variety: 'number',
  duration: 'number',
  personaId: 'string',
  personaModel: 'string',
};

const ranges: Record<string, [number, number]> = {
  styleWeight: [0, 1],
  weirdnessConstraint: [0, 1],
  audioWeight: [0, 1],
  variety: [0, 4],
  duration: [10, 360],
};

const choices: Record<string, string[]> = {
  model: models,
  vocalGender: ['m', 'f'],
  personaModel: ['style_persona', 'voice_persona'],
};

/** Reads a request as the provider does, or says how the provider refuses it. */
export function understand(body: Json): SongRequest | Refusal {
  return missing(body) ?? misfit(body) ?? tooLong(body) ?? songOf(body);
}

export const isRefusal = (result: SongRequest | Refusal): result is Refusal => 'code' in result;

/** What the provider would swallow in silence, but no client should send. */
export function problemsOf(body: Json): string[] {
  const problems = Object.keys(body)
    .filter(field => !(field in fieldTypes))
    .map(field => `unknown field ${field}`);
  const model = String(body.model);
  if ('lyrics' in body && !model.startsWith('V6')) problems.push(`lyrics is not read by model ${model}`);
  if ('duration' in body && !modelsWithDuration.includes(model))
    problems.push(`duration is not read by model ${model}`);
  if (!URL.canParse(String(body.callBackUrl))) problems.push('callBackUrl is no URL');
  return problems;
}

function missing(body: Json): Refusal | undefined {
  for (const field of ['customMode', 'instrumental', 'model']) {
    if (body[field] === undefined || body[field] === null) return bad(`${field} cannot be null`);
  }
  if (!body.callBackUrl) return bad('Please enter callBackUrl.');
  if (!body.customMode) return body.prompt ? undefined : bad('Please enter prompt.');
  if (!body.style) return bad('Please enter style.');
  if (!body.title) return bad('Please enter title.');
  return body.instrumental || lyricsOf(body) ? undefined : bad('Please enter prompt.');
}

function misfit(body: Json): Refusal | undefined {
  for (const [field, value] of Object.entries(body)) {
    const type = fieldTypes[field];
    if (type && typeof value !== type) return bad(`${field} must be of type ${type}`);
    const range = ranges[field];
    if (range && !(Number(value) >= range[0] && Number(value) <= range[1])) {
      return bad(`${field} must be between ${range[0]} and ${range[1]}`);
    }
    if (choices[field]?.includes(String(value)) === false) return bad(`${field} is invalid`);
  }
  return undefined;
}

function tooLong(body: Json): Refusal | undefined {
  const isOld = body.model === 'V4';
  const lyrics = isOld ? 3000 : 5000;
  const limits: [string, number][] = [
    ['prompt', body.customMode ? lyrics : 500],
    ['lyrics', lyrics],
    ['style', isOld ? 200 : 1000],
    ['title', 80],
    ['negativeTags', 1000],
  ];
  const over = limits.find(([field, limit]) => stringOr(body[field]).length > limit);
  return over && { code: 413, msg: `The ${over[0]} length cannot exceed ${over[1]} characters.` };
}

function songOf(body: Json): SongRequest {
  return {
    model: String(body.model),
    callBackUrl: String(body.callBackUrl),
    isInstrumental: Boolean(body.instrumental),
    lyrics: lyricsOf(body),
    title: stringOr(body.title, 'Untitled'),
    style: stringOr(body.style, 'pop'),
    duration: body.duration as number | undefined,
  };
}

function lyricsOf(body: Json): string {
  const own = String(body.model).startsWith('V6') && body.customMode ? body.lyrics : undefined;
  return stringOr(own ?? body.prompt);
}

const bad = (msg: string): Refusal => ({ code: 400, msg });
