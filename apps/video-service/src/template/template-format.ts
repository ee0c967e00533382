import type { Format } from '@castad/contracts';
import { numberIn } from '@castad/platform';
import type { RenderScript } from '../creatomate/render-script.ts';
import type { TemplateFault } from './template.entity.ts';

/** Sizes are whole, even pixels, so a shape is hit only nearly. */
const MARGIN = 0.02;

/** What is wrong with a template whose size contradicts the format. One that names no size leaves it to the provider. */
export function misfitOf(template: Pick<RenderScript, 'width' | 'height'>, format: Format): TemplateFault | undefined {
  const [width, height] = [numberIn(template.width), numberIn(template.height)];
  const [across, down] = format.split(':').map(Number) as [number, number];
  const stretch = (width * down) / (height * across);
  if (!(width > 0 && height > 0) || Math.abs(stretch - 1) <= MARGIN) return undefined;
  const reason = `The video template is ${width} by ${height} pixels, which is not the format ${format}.`;
  return { code: 'TEMPLATE_WRONG_FORMAT', reason };
}
