import { isObject, type Json } from '../stand-in/call.ts';

/** Casts a value into a JSON schema: keeps what fits, fills what is missing, drops the rest. */
export function conform(schema: Json, value: unknown, root: Json = schema): unknown {
  if (typeof schema.$ref === 'string') return conform(resolved(schema.$ref, root), value, root);
  const alternatives: unknown[] = [schema.anyOf, schema.oneOf].find(Array.isArray) ?? [];
  if (isObject(alternatives[0])) return conform(alternatives[0], value, root);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value) ? value : schema.enum[0];
  return ofType(schema, value, root);
}

function ofType(schema: Json, value: unknown, root: Json): unknown {
  const [type] = [schema.type].flat<unknown[]>();
  if (type === 'array') return listOf(schema, value, root);
  if (type === 'object' || isObject(schema.properties)) return objectOf(schema, value, root);
  if (type === 'number' || type === 'integer') return typeof value === 'number' ? value : 0;
  if (type === 'boolean') return value === true;
  if (type === 'null') return null;
  return typeof value === 'string' ? value : '';
}

function listOf(schema: Json, value: unknown, root: Json): unknown[] {
  const items = isObject(schema.items) ? schema.items : {};
  return Array.isArray(value) ? value.map(item => conform(items, item, root)) : [];
}

function objectOf(schema: Json, value: unknown, root: Json): Json {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const own = isObject(value) ? value : {};
  return Object.fromEntries(
    Object.entries(properties).map(([key, inner]) => [
      key,
      isObject(inner) ? conform(inner, own[key], root) : own[key],
    ]),
  );
}

function resolved(reference: string, root: Json): Json {
  let place: unknown = root;
  for (const step of reference.split('/').slice(1)) place = isObject(place) ? place[step] : undefined;
  return isObject(place) ? place : {};
}
