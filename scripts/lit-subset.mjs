import { readFile } from 'node:fs/promises';

/**
 * Parts of Lit's `reactive-element.js` that the element does not use, each with its replacement. The element uses attributes,
 * properties, and one update for several changes.
 */
const unused = [
  // Decorators and initializers.
  ['Symbol.metadata??=Symbol("metadata"),a.litPropertyMetadata??=new WeakMap;'],
  [/const t=this\[Symbol\.metadata\];if\(null!==t\)\{.*?\}(?=this\._\$Eh=)/],
  [/static addInitializer\(t\)\{.*?\}/],
  [',void 0!==t.l&&(this.l=[...t.l])'],
  [',this.constructor.l?.forEach(t=>t(this))'],
  // Properties that already have accessors or a converter, or no attribute.
  [/if\(s\.state&&.*?\.wrapped=!0\),(?=this\.elementProperties)/, 'if(this._$Ei(),'],
  ['h(this.prototype,t)??'],
  [/"function"==typeof t\.converter\?.*?:u(?=;)/, 'u'],
  [/const t=this\.constructor\.elementProperties;if\(t\.size>0\)for\(.*?this\.C\(s,void 0,i,e\)\}/],
  // Properties that write their attribute.
  [/toAttribute\(t,s\)\{.*?return t\},/],
  [/_\$ET\(t,s\)\{.*?\}\}(?=_\$AK)/],
  ['this._$Eq&&=this._$Eq.forEach(t=>this._$ET(t,this[t])),'],
  // Properties whose attribute has a default.
  [/(?<=C\(t,s),\{useDefault.*?\}(?=async _\$EP)/, '){this._$AL.has(t)||(this.hasUpdated||(s=void 0),this._$AL.set(t,s))}'],
  ['||i.useDefault&&i.reflect&&h===this._$Ej?.get(t)&&!this.hasAttribute(r._$Eu(t,i))'],
  ['r??this._$Ej?.get(e)??r', 'r'],
  // Properties with an attribute in JSON.
  [/(?<=null===t\?null:Number\(t\));break;case Object:case Array:try\{.*?\}catch\(t\)\{i=null\}/],
  // The root, which `element.ts` creates.
  [/createRenderRoot\(\)\{.*?\}(?=connectedCallback)/],
  ['y.shadowRootOptions={mode:"open"},'],
  // Styles. `element/style-sheets.ts` adopts style sheets in whatever document the element is in.
  ['this.elementStyles=this.finalizeStyles(this.styles)'],
  [/static finalizeStyles\(s\)\{.*?return i\}/],
  ['y.elementStyles=[],'],
  // Controllers.
  [/addController\(t\)\{.*?removeController\(t\)\{.*?\}/],
  [',this._$EO?.forEach(t=>t.hostConnected?.())'],
  ['this._$EO?.forEach(t=>t.hostDisconnected?.())'],
  ['this._$EO?.forEach(t=>t.hostUpdate?.()),'],
  ['this._$EO?.forEach(t=>t.hostUpdated?.()),'],
  // Support for browsers without shadow trees, and the version in a global variable.
  [',c=a.trustedTypes,l=c?c.emptyScript:"",p=a.reactiveElementPolyfillSupport'],
  [/,p\?\.\(\{ReactiveElement:y\}\),\(a\.reactiveElementVersions\?\?=\[\]\)\.push\("[\d.]+"\)/],
];

/** Drops from Lit what the element does not use. Throws if Lit's text has changed, because the parts must then be found again. */
export const litSubset = {
  name: 'lit-subset',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]reactive-element\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [part, replacement = ''] of unused) {
        const shorter = contents.replace(part, () => replacement);
        if (shorter === contents)
          throw new Error(`Lit has changed: ${path} does not contain ${part}. Update scripts/lit-subset.mjs.`);
        contents = shorter;
      }
      return { contents };
    });
  },
};
