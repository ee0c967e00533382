import { isObject, stringOr, type Json } from '../stand-in/call.ts';
import { errorsIn, problemsIn, sourceProperties, unsupportedIn } from './render-script.ts';
import { findTemplate, modified, type Template } from './templates.ts';

export interface RenderRequest {
  source: Json;
  template: Template | undefined;
  modifications: Json | undefined;
  outputFormat: string;
  webhookUrl: string | undefined;
  metadata: string | undefined;
  renderScale: number;
  maxWidth: number;
  maxHeight: number;
  frameRate: number;
  isDryRun: boolean;
  errors: string[];
  warnings: string[];
  problems: string[];
}

export interface Refusal {
  status: number;
  hint: string;
}

const fieldTypes: Record<string, string> = {
  template_id: 'string',
  modifications: 'object',
  output_format: 'string',
  frame_rate: 'number',
  render_scale: 'number',
  max_width: 'number',
  max_height: 'number',
  webhook_url: 'string',
  metadata: 'string',
  dry_run: 'boolean',
  width: 'number',
  height: 'number',
};
const outputFormats = ['mp4', 'gif', 'png', 'jpg'];

/** Reads a request as the provider does, or says how the provider refuses it. */
export function understand(body: Json): RenderRequest | Refusal {
  const hint = misfit(body);
  if (hint) return { status: 400, hint };
  const template = findTemplate(body.template_id);
  if (body.template_id !== undefined && !template) return { status: 404, hint: 'The template was not found.' };
  if (!template && body.elements === undefined)
    return { status: 400, hint: "Either 'template_id' or 'elements' is required." };
  return requestOf(body, template);
}

export const isRefusal = (result: RenderRequest | Refusal): result is Refusal => 'hint' in result;

function misfit(body: Json): string | undefined {
  const field = Object.keys(fieldTypes).find(name => name in body && typeof body[name] !== fieldTypes[name]);
  if (field) return `The '${field}' parameter must be of type ${fieldTypes[field]}.`;
  if (body.output_format !== undefined && !outputFormats.includes(stringOr(body.output_format))) {
    return `The 'output_format' parameter must be one of ${outputFormats.join(', ')}.`;
  }
  if (typeof body.render_scale === 'number' && (body.render_scale < 0.1 || body.render_scale > 10)) {
    return "The 'render_scale' parameter must be between 0.1 and 10.";
  }
  if (body.webhook_url !== undefined && !URL.canParse(stringOr(body.webhook_url))) {
    return "The 'webhook_url' parameter must be a URL.";
  }
  return undefined;
}

function requestOf(body: Json, template: Template | undefined): RenderRequest | Refusal {
  const modifications = isObject(body.modifications) ? body.modifications : undefined;
  const { source, unmatched } = template
    ? modified(template, modifications ?? {})
    : { source: scriptIn(body), unmatched: [] };
  const errors = errorsIn(source);
  if (errors[0] && !body.dry_run) return { status: 400, hint: errors[0] };
  const unmatchedKeys = unmatched.map(key => `The modification '${key}' matches no element.`);
  const warnings = [...unmatchedKeys, ...unsupportedIn(source)];
  return {
    source,
    template,
    modifications,
    outputFormat: stringOr(body.output_format ?? source.output_format, 'mp4'),
    webhookUrl: body.webhook_url as string | undefined,
    metadata: body.metadata as string | undefined,
    renderScale: Number(body.render_scale ?? 1),
    maxWidth: Number(body.max_width ?? Infinity),
    maxHeight: Number(body.max_height ?? Infinity),
    frameRate: Number(body.frame_rate ?? source.frame_rate ?? 30),
    isDryRun: body.dry_run === true,
    errors,
    warnings,
    problems: [...unknownFields(body), ...unmatchedKeys, ...problemsIn(source)],
  };
}

const scriptIn = (body: Json): Json =>
  Object.fromEntries(Object.entries(body).filter(([property]) => sourceProperties.has(property)));

const unknownFields = (body: Json) =>
  Object.keys(body)
    .filter(field => !(field in fieldTypes) && !sourceProperties.has(field))
    .map(field => `unknown field ${field}`);
