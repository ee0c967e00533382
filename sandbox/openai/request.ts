import { isObject, type Json, type Reply } from '../stand-in/call.ts';
import { badParameter, refusal } from './refusal.ts';

const parameters = new Set([
  'frequency_penalty',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'metadata',
  'model',
  'n',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'seed',
  'stop',
  'store',
  'stream',
  'temperature',
  'top_p',
  'user',
]);
const roles = new Set(['system', 'developer', 'user', 'assistant']);

/** How the provider refuses a chat request, if it does. */
export function fault(body: Json): Reply | undefined {
  const unknown = Object.keys(body).find(key => !parameters.has(key));
  if (unknown) return badParameter(unknown, `Unknown parameter: '${unknown}'.`, 'unknown_parameter');
  if (body.stream) return badParameter('stream', "Unsupported value: 'stream' must be false.", 'unsupported_value');
  return (
    modelFault(body.model) ?? messagesFault(body.messages) ?? numberFault(body) ?? formatFault(body.response_format)
  );
}

function modelFault(model: unknown): Reply | undefined {
  if (typeof model !== 'string' || model === '') return refusal(400, { message: 'you must provide a model parameter' });
  if (/^(gpt-|chatgpt-|o\d)/.test(model)) return undefined;
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return refusal(404, { message, code: 'model_not_found' });
}

function messagesFault(messages: unknown): Reply | undefined {
  if (!Array.isArray(messages)) {
    return badParameter('messages', "Missing required parameter: 'messages'.", 'missing_required_parameter');
  }
  if (messages.length === 0) {
    return badParameter('messages', "Invalid 'messages': empty array.", 'empty_array');
  }
  const index = messages.findIndex(
    message => !isObject(message) || !roles.has(String(message.role)) || typeof message.content !== 'string',
  );
  if (index < 0) return undefined;
  return badParameter(`messages[${index}]`, `Invalid value for 'messages[${index}]'.`, 'invalid_value');
}

function numberFault(body: Json): Reply | undefined {
  const temperature = body.temperature ?? 1;
  if (typeof temperature !== 'number' || temperature < 0 || temperature > 2) {
    return badParameter('temperature', "Invalid 'temperature': expected a number from 0 to 2.", 'invalid_value');
  }
  const limit = ['max_tokens', 'max_completion_tokens'].find(name => name in body && !isPositive(body[name]));
  return limit === undefined
    ? undefined
    : badParameter(limit, `Invalid '${limit}': expected a positive integer.`, 'invalid_value');
}

const isPositive = (value: unknown) => Number.isInteger(value) && Number(value) > 0;

function formatFault(format: unknown): Reply | undefined {
  if (format === undefined) return undefined;
  if (!isObject(format)) return badParameter('response_format', "Invalid type for 'response_format'.", 'invalid_type');
  if (format.type === 'text' || format.type === 'json_object') return undefined;
  if (format.type !== 'json_schema') {
    return badParameter('response_format.type', "Invalid value for 'response_format.type'.", 'invalid_value');
  }
  return schemaFault(format.json_schema);
}

function schemaFault(named: unknown): Reply | undefined {
  const param = 'response_format.json_schema';
  if (!isObject(named))
    return badParameter(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter');
  if (typeof named.name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(named.name)) {
    return badParameter(`${param}.name`, `Invalid '${param}.name': string does not match pattern.`, 'invalid_value');
  }
  if (!isObject(named.schema))
    return badParameter(`${param}.schema`, `Invalid type for '${param}.schema'.`, 'invalid_type');
  const flaw = named.strict ? strictFlaw(named.schema, []) : undefined;
  return flaw === undefined
    ? undefined
    : badParameter('response_format', `Invalid schema for response_format '${named.name}': ${flaw}`);
}

/** Strict mode wants every object closed and every property required. */
function strictFlaw(schema: Json, path: string[]): string | undefined {
  const context = `In context=(${path.map(step => `'${step}'`).join(', ')}),`;
  const properties = isObject(schema.properties) ? schema.properties : {};
  if (schema.type === 'object') {
    if (schema.additionalProperties !== false) {
      return `${context} 'additionalProperties' is required to be supplied and to be false.`;
    }
    const required = Array.isArray(schema.required) ? schema.required : [];
    const missing = Object.keys(properties).find(key => !required.includes(key));
    if (missing) {
      return `${context} 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
    }
  }
  const inner = [...Object.entries(properties), ...(isObject(schema.items) ? [['items', schema.items] as const] : [])];
  for (const [key, value] of inner) {
    const flaw = isObject(value) ? strictFlaw(value, [...path, key]) : undefined;
    if (flaw) return flaw;
  }
  return undefined;
}
