/** Type token of one of our components, such as `tollgate:component:ModelPin`. */
export function typeToken(className: string): string {
  return `tollgate:component:${className}`;
}
