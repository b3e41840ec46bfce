// Loaded before a program: its undici, and the one of the package's build, is the version that UNDICI_FOLDER names.
import { registerHooks } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const folder = process.env['UNDICI_FOLDER'];
if (folder === undefined) throw new Error('UNDICI_FOLDER names no undici');
const { href } = pathToFileURL(`${folder}/index.js`);

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'undici' ? href : specifier, context),
});
