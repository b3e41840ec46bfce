/** The version of this package, as its manifest says it. A test compares the two. */
export const VERSION = '0.0.0';
