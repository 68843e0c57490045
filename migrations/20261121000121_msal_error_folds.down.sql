drop trigger msal_errors_fold on msal_errors;
drop function fold_msal_errors();
drop table msal_error_folds;
