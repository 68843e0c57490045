drop trigger technician_sign_ons_untied on technician_sign_ons;
drop trigger technician_factors_removed on technician_factors;
delete from revocations where kind in ('factor', 'sign_on');
