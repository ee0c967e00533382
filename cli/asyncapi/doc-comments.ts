import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The doc comments of a folder's classes and of their properties, by `Class` and `Class.property`. */
export function docComments(folder: string): Map<string, string> {
  const files = readdirSync(folder).filter(name => name.endsWith('.ts'));
  const classes = files.flatMap(file => {
    const text = readFileSync(join(folder, file), 'utf8');
    return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements.filter(ts.isClassDeclaration);
  });
  const comments = classes.flatMap(type => {
    const name = type.name?.text ?? '';
    const properties = type.members.filter(ts.isPropertyDeclaration);
    return [
      [name, commentOf(type)],
      ...properties.map(property => [`${name}.${nameOf(property)}`, commentOf(property)]),
    ] as [string, string | undefined][];
  });
  return new Map(comments.filter((comment): comment is [string, string] => comment[1] !== undefined));
}

const nameOf = ({ name }: ts.PropertyDeclaration) => (ts.isIdentifier(name) ? name.text : '');

function commentOf(node: ts.Node): string | undefined {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  return ts.getTextOfJSDocComment(comment)?.replace(/\s+/g, ' ');
}
