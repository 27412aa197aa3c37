/** Who is asking: the lab has one account and one operator. */

export const ACCOUNT = '123456789012'
export const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/operator`
export const OPERATOR_ID = 'AIDALABOPERATOR000001'
